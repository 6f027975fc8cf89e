//! Manual pages and completions of a program, held against its own `--help`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::run::Run;

/// Fails the test unless `PROGRAM manual` makes a page for the program and each of its commands,
/// which groff sets without a warning, and which says every option that `--help` says.
#[track_caller]
pub fn check_manual(program: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("man");
    let made = Run::new(program).args(["manual", "--out"]).arg(&out).go();
    let commands = commands(program);
    assert!(made.expect(0).stdout.contains(&format!("{} pages", commands.len() + 1)));
    assert_eq!(mode(&out), 0o700);
    for words in commands.iter().map(Vec::as_slice).chain([[].as_slice()]) {
        let name = [&[program.to_owned()], words].concat().join("-");
        let page = out.join(format!("{name}.1"));
        assert_eq!(mode(&page), 0o600);
        let set = Run::program("groff")
            .args(["-k", "-man", "-ww", "-Tutf8", "-rLL=200n"])
            .arg(&page)
            .env("GROFF_NO_SGR", "1")
            .go();
        assert_eq!(set.expect(0).stderr, "", "{name}");
        let text = without_overstrikes(&set.stdout);
        for part in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"] {
            assert!(text.lines().any(|line| line == part), "{name} has no {part}:\n{text}");
        }
        for option in options(program, words) {
            assert!(text.contains(&option), "{name} does not say {option}:\n{text}");
        }
    }
}

/// Fails the test unless bash completes every command of the program, and the scripts for zsh and
/// fish name each of them.
#[track_caller]
pub fn check_completions(program: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for shell in ["bash", "zsh", "fish"] {
        let printed = Run::new(program).args(["completions", shell]).go();
        let script = &printed.expect(0).stdout;
        for words in commands(program) {
            let last = words.last().expect("a command has a name");
            assert!(script.contains(last), "{shell}: no {last}");
        }
        fs::write(folder.path().join(shell), script).expect("the script can be written");
    }
    let parsed = Run::program("bash").args(["-n", "bash"]).dir(folder.path()).go();
    assert_eq!(parsed.expect(0).stderr, "");
    for words in commands(program) {
        let (last, before) = words.split_last().expect("a command has a name");
        let line = [&[program.to_owned()], before].concat();
        // What bash itself does when the tabulator is pressed after "PROGRAM COMMAND ".
        let press = format!(
            "source ./bash; COMP_WORDS=({} ''); COMP_CWORD={}; \
             complete=$(complete -p {program} | sed 's/.* -F \\([^ ]*\\) .*/\\1/'); \
             $complete {program} '' {}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            line.join(" "),
            line.len(),
            line.last().expect("the program")
        );
        let offered = Run::program("bash").args(["-e", "-c", &press]).dir(folder.path()).go();
        let offered = &offered.expect(0).stdout;
        assert!(offered.lines().any(|word| word == last), "{line:?} offers\n{offered}not {last}");
    }
}

/// Every command of a program, as the words that lead to it; what `--help` lists, and what the help
/// of these lists.
fn commands(program: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let help = help(program, &words);
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        for line in listed.take_while(|line| !line.is_empty()) {
            // A line of a description that was too long begins further right.
            let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) else {
                continue;
            };
            let name = name.split(' ').next().unwrap_or(name);
            if name != "help" {
                let below = [words.as_slice(), &[name.to_owned()]].concat();
                found.push(below.clone());
                open.push(below);
            }
        }
    }
    assert!(!found.is_empty(), "{program} --help lists no commands");
    found
}

/// The long options that the help of a command lists.
fn options(program: &str, words: &[String]) -> Vec<String> {
    let help = help(program, words);
    let listed = help.lines().skip_while(|line| *line != "Options:").skip(1);
    let lines = listed.filter(|line| line.trim_start().starts_with('-'));
    let options = lines.filter_map(|line| line.split(' ').find(|word| word.starts_with("--")));
    options.map(|option| option.trim_end_matches(',').to_owned()).collect()
}

fn help(program: &str, words: &[String]) -> String {
    Run::new(program).args(words).arg("--help").go().expect(0).stdout.clone()
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).expect("it was made").permissions().mode() & 0o777
}

/// groff's text for terminals, without the letters that are struck twice to make them bold.
fn without_overstrikes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '\u{8}' {
            plain.pop();
        } else {
            plain.push(letter);
        }
    }
    plain
}
