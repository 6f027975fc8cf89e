//! Reading the command line without showing it: what is wrong with an argument is told by quoting
//! it, and a URL may hold a password.

use std::process::ExitCode;

use clap::Parser;

use crate::output::tell;
use crate::visible::is_hidden;

/// The arguments, or the exit code after everything was said: help, version or what is wrong.
pub(crate) fn parse<C: Parser>() -> Result<C, ExitCode> {
    C::try_parse().map_err(|error| {
        let text = error.render().to_string();
        let mut shown = text.clone();
        // What is wrong quotes the argument, with what steers a terminal or begins a line in it.
        let mut steers = false;
        for argument in std::env::args_os() {
            let argument = argument.to_string_lossy();
            steers |= argument.contains(is_hidden);
            if let Some(secret) = password_in(&argument) {
                shown = shown.replace(secret, "…");
            }
        }
        let code = u8::try_from(error.exit_code()).unwrap_or(2);
        if shown != text || (error.use_stderr() && steers) {
            tell(&shown);
        } else if error.print().is_err() {
            return ExitCode::from(2);
        }
        ExitCode::from(code)
    })
}

/// The password in something that looks like a URL, well formed or not.
fn password_in(argument: &str) -> Option<&str> {
    let (_, after_scheme) = argument.split_once("://")?;
    let in_query = || {
        let (_, value) = after_scheme.split_once("password=")?;
        Some(value.split('&').next().unwrap_or(value))
    };
    let in_authority = || {
        let (user_info, _) = after_scheme.rsplit_once('@')?;
        user_info.split_once(':').map(|(_, password)| password)
    };
    in_authority().or_else(in_query).filter(|secret| !secret.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_found_in_bad_urls_too() {
        for (argument, password) in [
            ("postgres://u:s3cret@h/db", Some("s3cret")),
            ("postgres://u:s3/cr@t@h:port/db", Some("s3/cr@t")),
            ("--target=mysql://u:s3cret@h", Some("s3cret")),
            ("postgres://u@h/db?sslmode=x&password=s3cret&a=b", Some("s3cret")),
            ("postgres://u@h:5432/db", None),
            ("postgres://u:@h/db", None),
            ("sqlite:a@b:c", None),
        ] {
            assert_eq!(password_in(argument), password, "{argument}");
        }
    }
}
