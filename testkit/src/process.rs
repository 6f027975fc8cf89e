//! Processes, their children and signals, through `/proc` and the shell: the kit has no `unsafe`
//! and depends on no package that a small Debian lacks (`pgrep` and `/bin/kill` are such).

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// State letter and parent of a process, if there is one.
fn stat(pid: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // "pid (name) state parent …", where the name may hold anything, parentheses too.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// The most memory that a running process had resident so far, in bytes (`VmHWM` of `proc(5)`).
pub(crate) fn peak_resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Whether a process exists and is not just waiting to be reaped.
pub(crate) fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// The processes whose parent is `pid`.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|child| stat(*child).is_some_and(|(_, parent)| parent == pid))
        .collect()
}

/// Sends a signal, by its name without SIG. That a process is already gone is no error.
pub(crate) fn signal(name: &str, pids: &[u32]) {
    let sent = Command::new("sh")
        .args(["-c", "for pid; do kill -s \"$0\" \"$pid\"; done; :", name])
        .args(pids.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status();
    assert!(sent.is_ok_and(|status| status.success()), "sh cannot send SIG{name}");
}

/// Polls until `done`; whether that came true in time.
pub(crate) fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if done() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
