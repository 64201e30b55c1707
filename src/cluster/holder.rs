//! Who a run is.

/// `user@host:pid:random`: who it is, for people; and different for every run, even where two containers have one host name and
/// one process number.
pub fn holder() -> String {
    let read =
        |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let user = read(&["USER", "LOGNAME"]).unwrap_or_else(|| "somebody".into());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let host =
        host.filter(|name| !name.is_empty()).or_else(|| read(&["HOSTNAME"])).unwrap_or_else(|| "somewhere".into());
    format!("{user}@{host}:{}:{:06x}", std::process::id(), rand::random::<u32>() & 0x00ff_ffff)
}

#[cfg(test)]
mod tests {
    use super::holder;

    #[test]
    fn two_runs_of_one_process_are_two() {
        let (one, other) = (holder(), holder());
        assert_ne!(one, other);
        let process = format!(":{}:", std::process::id());
        assert!(one.contains('@') && one.contains(&process), "{one}");
    }
}
