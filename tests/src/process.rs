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

/// The most memory that a process has had so far, in kB; 0 if it is gone.
pub fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let digits = line.and_then(|line| line.trim().strip_suffix(" kB"));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn environment(pid: u32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}
