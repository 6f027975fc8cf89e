//! What every program of the toolkit does first.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{PanicHookInfo, set_hook};
use std::process::ExitCode;

use clap::Parser;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::arguments;
use crate::output::tell;

/// Takes care that nothing of the process's memory gets out by itself, and reads the arguments.
///
/// # Errors
///
/// The exit code, once everything was said: help, version or what is wrong.
pub fn start<C: Parser>() -> Result<C, ExitCode> {
    set_hook(Box::new(tell_fault));
    if let Err(error) = no_core_dumps() {
        tell(&format!("error: the system does not let core dumps be turned off: {error}"));
        return Err(ExitCode::from(2));
    }
    arguments::parse()
}

/// Passwords, keys and people's data are in memory; a core dump would put them on the disk. The limit
/// holds for child processes too. The flag `PR_SET_DUMPABLE` (prctl(2)) holds also where the kernel
/// gives dumps to a program, for which core(5) knows no limit, and keeps other processes of the
/// account from reading the memory (ptrace(2)).
fn no_core_dumps() -> rustix::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// Says where this program has a fault. What the standard library would print besides may quote what
/// the program was working on, which may be people's data.
fn tell_fault(fault: &PanicHookInfo<'_>) {
    let place = fault.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let mut text = format!(
        "error: this program has a fault, at {place}; please report this place, and what was run"
    );
    // Asked for by RUST_BACKTRACE. It has names of functions, and no values.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        text.push_str(&format!("\n{backtrace}"));
    }
    tell(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a process of its own: this very test once more.
    #[test]
    fn a_fault_is_told_by_its_place() {
        const NAME: &str = "start::tests::a_fault_is_told_by_its_place";
        const AGAIN: &str = "HANDOVER_TEST_FAULT";
        if std::env::var_os(AGAIN).is_some() {
            set_hook(Box::new(tell_fault));
            let value = "Nguyễn Văn Bệnh";
            assert_eq!(value, "", "{value}");
        }
        let outcome = handover_testkit::Run::program(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(AGAIN, "1")
            .go();
        outcome.expect(101);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(
            said.contains("error: this program has a fault, at cli-kit/src/start.rs:"),
            "{said}"
        );
        assert!(!said.contains("Bệnh"), "{said}");
    }
}
