//! How much memory an execution may take: templates can build values without end.

/// What an execution may take, in bytes, more than the process had before.
const MAX_GROWTH: u64 = 768 << 20;
/// How much is built between two looks at the process.
const INTERVAL: usize = 64 << 20;
/// Where nobody says how large the process is: how much may be built in all.
const MAX_BUILT: u64 = 8 << 30;

/// An account of what an execution builds.
#[derive(Default)]
pub(super) struct Budget {
    /// Since the last look.
    built: usize,
    looks: u64,
    /// The size of the process when it was looked at first.
    start: Option<u64>,
}

impl Budget {
    /// Accounts for some bytes that were built; whether that is still in order.
    pub fn spend(&mut self, bytes: usize) -> bool {
        self.built = self.built.saturating_add(bytes);
        self.built < INTERVAL || self.look()
    }

    #[cold]
    fn look(&mut self) -> bool {
        self.looks += (self.built / INTERVAL) as u64;
        self.built = 0;
        match resident() {
            Some(size) => size.saturating_sub(*self.start.get_or_insert(size)) <= MAX_GROWTH,
            None => self.looks.saturating_mul(INTERVAL as u64) <= MAX_BUILT,
        }
    }
}

/// The memory that the process uses, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
