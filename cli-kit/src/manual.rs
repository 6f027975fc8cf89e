//! Manual pages, and completions for shells. Both are made from the command line that a program has
//! anyway, so that neither can say something else than `--help`. Every program of the toolkit has
//! the two commands.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Command, CommandFactory, ValueEnum};
use clap_complete::Shell as Completer;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::exit_code::Exit;
use crate::output::print_text;
use crate::private_file;

/// Arguments of `manual`.
#[derive(Debug, Args)]
pub struct ManualArgs {
    /// The folder for the pages; made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// For which shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell that can complete commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash, with its package bash-completion.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}

/// The folder in which the sections of the manual lie.
const SECTION: &str = "1";

/// Writes a manual page for the program and for each of its commands, such as
/// `handover-migrate-purge-select.1`. The files are for their owner only, as all files are that
/// this toolkit makes.
///
/// # Errors
///
/// If the folder or a file cannot be written.
pub fn write_manual<C: CommandFactory>(args: &ManualArgs) -> Result<Exit> {
    let mut program = C::command().disable_help_subcommand(true);
    program.build();
    let release =
        format!("{} {}", program.get_name(), program.get_version().unwrap_or("(no version)"));
    let pages = write_pages(&program, None, &release, &args.out)?;
    let first = args.out.join(file_name(program.get_name()));
    print_text(&format!(
        "made  {pages} pages in {}\nread  man {}",
        args.out.display(),
        crate::shell::quote(&first.display().to_string())
    ))?;
    Ok(Exit::Clean)
}

/// Writes the page of a command, and those of the commands below it. Gives how many these are.
fn write_pages(
    command: &Command,
    above: Option<&str>,
    release: &str,
    folder: &Path,
) -> Result<u64> {
    let name = full_name(command);
    let page = page(command, above, release)
        .with_context(|| format!("cannot make the manual page of {name}"))?;
    private_file::replace(&folder.join(file_name(name)), &page)?;
    let mut pages = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages += write_pages(below, Some(name), release, folder)?;
    }
    Ok(pages)
}

fn page(command: &Command, above: Option<&str>, release: &str) -> std::io::Result<Vec<u8>> {
    let man = Man::new(command.clone()).source(release).manual("Handover").section(SECTION);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(text) = command.get_after_long_help().or_else(|| command.get_after_help()) {
        as_it_stands(&text.to_string()).to_writer(&mut page)?;
    }
    if let Some(above) = above {
        let mut roff = Roff::new();
        roff.control("SH", ["SEE ALSO"]).text([roman(format!("{above}({SECTION})"))]);
        roff.to_writer(&mut page)?;
    }
    Ok(page)
}

/// The text below the options, line by line as the terminal shows it. Its headings, which end with
/// a colon and are not indented, become those of the page.
fn as_it_stands(text: &str) -> Roff {
    let mut roff = Roff::new();
    for line in text.lines() {
        match line.strip_suffix(':') {
            Some(heading) if !heading.starts_with(' ') => {
                roff.control("SH", [heading.to_uppercase().as_str()]).control("nf", []);
            }
            _ => {
                roff.text([roman(line)]);
            }
        }
    }
    roff.control("fi", []);
    roff
}

/// Prints the completions for a shell.
///
/// # Errors
///
/// If standard output cannot be written.
pub fn print_completions<C: CommandFactory>(args: &CompletionsArgs) -> Result<Exit> {
    let completer = match args.shell {
        Shell::Bash => Completer::Bash,
        Shell::Zsh => Completer::Zsh,
        Shell::Fish => Completer::Fish,
    };
    let mut program = C::command();
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(completer, &mut program, name.as_str(), &mut script);
    let script = String::from_utf8(script).context("a completion script is no text")?;
    print_text(&match args.shell {
        Shell::Bash => with_one_spelling(&script, &name),
        Shell::Zsh | Shell::Fish => script,
    })?;
    Ok(Exit::Clean)
}

/// clap_complete 4.6 spells a program's name in two ways in a script for bash if there is a hyphen
/// in it, so that nothing is completed behind a command (clap-rs/clap#6421). A script in which this
/// is mended comes out as it went in.
fn with_one_spelling(script: &str, program: &str) -> String {
    let looked_for = format!("{}__subcmd__", program.replace('-', "__subcmd__"));
    script.replace(&looked_for, &format!("{}__subcmd__", program.replace('-', "__")))
}

/// The program and the words that lead to a command, with hyphens between them.
fn full_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn file_name(full_name: &str) -> String {
    format!("{full_name}.{SECTION}")
}
