//! What executions may take: templates can build values, and go on, without end.

use std::time::{Duration, Instant};

/// How much memory executions may take, in bytes, more than the process had before.
const MAX_GROWTH: u64 = 768 << 20;
/// How much is built between two looks at the process.
const INTERVAL: usize = 64 << 20;
/// Where nobody says how large the process is: how much may be built in all.
const MAX_BUILT: u64 = 8 << 30;
/// Output beyond this fails, before it takes all memory.
const MAX_OUTPUT: usize = 256 << 20;
/// How long executions may take: no chart that is meant to be rendered takes a hundredth of it.
const MAX_TIME: Duration = Duration::from_secs(60);
/// The text of the error when there is no memory left.
pub(super) const TOO_MUCH_MEMORY: &str = "the templates take too much memory";
/// How many steps are done between two looks at the clock: much less than a second of usual ones.
const STEPS: i64 = 1 << 20;
/// The time of the processor is looked at when so much has gone by on the clock, which is cheaper to read.
const LOOK: Duration = Duration::from_millis(500);

/// An account of what executions take that belong together: time, memory and output.
///
/// ```
/// use std::time::Duration;
/// use vulas_native::gotemplate::{Budget, Set, Value};
///
/// let mut set = Set::new("root", []);
/// set.parse("endless", "{{ range 1000000000000 }}{{ end }}").unwrap();
/// let mut budget = Budget::new(Duration::from_millis(10));
/// let error = set.execute_within("endless", Value::Nil, &mut (), &mut budget).unwrap_err();
/// assert!(error.message.ends_with("the templates take too long (at most 10ms)"), "{error}");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Bytes since the last look at the process.
    built: usize,
    looks: u64,
    /// The size of the process when it was looked at first.
    start: Option<u64>,
    /// The output of executions before.
    written: usize,
    /// How many steps may be done before the next look at the clock.
    steps: i64,
    /// Whether too much memory was taken when the clock was looked at.
    full: bool,
    limit: Duration,
    began: Instant,
    looked: Instant,
    /// The time of the processor when this began, in nanoseconds.
    processor: Option<u64>,
}

impl Default for Budget {
    /// Generous: a minute of processor time, 768 MiB of memory, 256 MiB of output.
    fn default() -> Self {
        Self::new(MAX_TIME)
    }
}

impl Budget {
    /// As the default, but with another limit of the time, which is that of the processor where the system tells.
    pub fn new(limit: Duration) -> Self {
        let began = Instant::now();
        let steps = if limit < MAX_TIME { 0 } else { STEPS };
        Self {
            built: 0,
            looks: 0,
            start: None,
            written: 0,
            steps,
            full: false,
            limit,
            began,
            looked: began,
            processor: None,
        }
    }

    /// Accounts for some bytes that were built; whether that is still in order.
    pub(crate) fn spend(&mut self, bytes: usize) -> bool {
        self.built = self.built.saturating_add(bytes);
        self.built < INTERVAL || self.look()
    }

    #[cold]
    fn look(&mut self) -> bool {
        self.looks += (self.built / INTERVAL) as u64;
        self.built %= INTERVAL;
        match resident() {
            Some(size) => size.saturating_sub(*self.start.get_or_insert(size)) <= MAX_GROWTH,
            None => self.looks.saturating_mul(INTERVAL as u64) <= MAX_BUILT,
        }
    }

    /// Accounts for steps that take some nanoseconds each; whether there is still time.
    pub(super) fn work(&mut self, steps: u32) -> bool {
        self.steps -= i64::from(steps);
        self.steps >= 0 || self.look_at_the_clock()
    }

    #[cold]
    fn look_at_the_clock(&mut self) -> bool {
        let now = Instant::now();
        self.steps = STEPS;
        if now - self.looked < LOOK.min(self.limit) {
            return true;
        }
        self.looked = now;
        // Whatever was counted: what is there tells.
        self.full = self.full || !self.look();
        let passed = now - self.began;
        let used = match processor() {
            Some(time) => {
                // What it was at the beginning, at most: it is not asked before there is a reason to.
                let passed = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
                let before = *self.processor.get_or_insert(time.saturating_sub(passed));
                Duration::from_nanos(time.saturating_sub(before))
            }
            None => passed,
        };
        let in_time = used <= self.limit && !self.full;
        if !in_time {
            // Whoever survives the error gets it again.
            self.steps = 0;
            self.looked = self.began;
        }
        in_time
    }

    /// The text of the error when there is no time left, or no memory.
    pub(super) fn too_long(&self) -> String {
        if self.full {
            return TOO_MUCH_MEMORY.to_owned();
        }
        format!("the templates take too long (at most {:?})", self.limit)
    }

    /// Whether so much output is still in order, besides that of executions before.
    pub(super) fn holds(&self, output: usize) -> bool {
        self.written.saturating_add(output) <= MAX_OUTPUT
    }

    /// The text of the error when there is too much output.
    pub(super) fn too_much() -> String {
        format!("the output exceeds {} MiB", MAX_OUTPUT >> 20)
    }

    /// Accounts for the output of an execution.
    pub(super) fn write(&mut self, output: usize) {
        self.written = self.written.saturating_add(output);
    }
}

/// The memory that the process uses, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The nanoseconds that this thread has had the processor, where the system tells.
fn processor() -> Option<u64> {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    account.split(' ').next()?.parse().ok().filter(|time| *time > 0)
}
