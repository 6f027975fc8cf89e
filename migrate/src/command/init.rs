//! `handover-migrate init`.

use anyhow::{Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::output::{Lines, print_lines};
use handover_cli_kit::shell::quote;
use handover_engine::endpoint::Endpoint;
use handover_schemas::config::{CONFIG_FILE, CONFIG_SCHEMA};

use crate::cli::InitArgs;

/// The file as it is written, but for both databases.
const TEMPLATE: &str = include_str!("init.toml");

/// Where the schema lies that the first line of the file names.
const SCHEMA_FILE: &str = "handover.schema.json";

/// Runs the command: writes a config to fill in and its JSON Schema. Refuses to touch a config that
/// is there.
pub fn run(args: &InitArgs) -> Result<Exit> {
    let path = args.handover.join(CONFIG_FILE);
    if std::fs::symlink_metadata(&path).is_ok() {
        bail!(
            "{} is there already, and nothing was changed; edit it, or give another --handover",
            path.display()
        );
    }
    let text = TEMPLATE
        .replace(
            "@source@",
            &section("source", args.source.as_ref(), "handover_reader@db.vendor.example")?,
        )
        .replace(
            "@target@",
            &section("target", args.target.as_ref(), "handover@db.ministry.example")?,
        );
    let dir = HandoverDir::open(&args.handover)?;
    let schema = dir.write(SCHEMA_FILE, CONFIG_SCHEMA.as_bytes())?;
    dir.write(CONFIG_FILE, text.as_bytes())?;
    let mut out = Lines::new();
    writeln!(out, "written: {}", path.display());
    writeln!(out, "written: {}", schema.display());
    writeln!(
        out,
        "next: fill in the first; then handover-migrate copy --handover {}",
        quote(&args.handover.display().to_string())
    );
    print_lines(&out)?;
    Ok(Exit::Clean)
}

/// `[source]` or `[target]`: the database given, or an example.
fn section(name: &str, given: Option<&Endpoint>, example: &str) -> Result<String> {
    let url = match given {
        None => return Ok(format!("#[{name}]\n#url = \"postgres://{example}:5432/vaccination\"")),
        Some(postgres @ Endpoint::Postgres(_)) => postgres.to_string(),
        // On the command line a path begins where the command runs.
        Some(Endpoint::Sqlite(file)) => Endpoint::Sqlite(Endpoint::absolute(file)?).to_string(),
    };
    Ok(format!("[{name}]\nurl = {}", toml::Value::String(url)))
}
