//! Processes of this machine, as /proc shows them.

use std::fs;

/// The processes whose environment has the variable `name` with this value.
pub fn with_environment(name: &str, value: &str) -> Vec<u32> {
    let wanted = format!("{name}={value}");
    let has_it = |pid: &u32| {
        environment(*pid)
            .split(|byte| *byte == 0)
            .any(|entry| entry == wanted.as_bytes())
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(has_it).collect()
}

/// What anybody of the same user can read of a process: its environment and its command line; empty if it is gone.
pub fn visible(pid: u32) -> String {
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&[environment(pid), command_line].concat()).into_owned()
}

fn environment(pid: u32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}
