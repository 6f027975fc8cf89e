//! Messages of databases that may quote people's values. They go neither to the terminal nor into a
//! report, but into a file of the hand-over folder that only its owner may read.
//!
//! Many layers turn an error into a finding, a note or the end of the work. Whichever does, writes out
//! what may be told; at that moment the rest is kept, so that no layer has to carry it. Errors that
//! nobody is told of are not kept.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::findings::FindingsFile;
use crate::handover_dir::HandoverDir;
use crate::output::tell;

/// What may be told of a message, and the message if that is not all of it.
///
/// Writing it out gives what may be told, and keeps the message.
pub struct Told {
    text: String,
    withheld: Option<Message>,
}

impl Told {
    /// A text that may be told as it is.
    pub fn openly(text: String) -> Self {
        Self { text, withheld: None }
    }

    /// What may be told instead of a message.
    pub fn instead_of(message: Message, text: String) -> Self {
        Self { text, withheld: Some(message) }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(message) = &self.withheld {
            keep(message.clone());
        }
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Told {}

/// A message as it is kept: one line of the file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Message {
    /// The program that wrote it.
    pub from: String,
    /// Its code, such as an SQLSTATE.
    pub code: String,
    /// The message itself.
    pub text: String,
    /// More of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the program advises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What was going on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Where in the program's source it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Message {
    /// A message with a code and nothing else.
    pub fn of(from: &str, code: String, text: String) -> Self {
        Self {
            from: from.to_owned(),
            code,
            text,
            detail: None,
            hint: None,
            context: None,
            place: None,
        }
    }
}

/// Most messages that are kept: the first ones. A server that refuses endlessly says nothing new.
const MESSAGES_MAX: usize = 1_000;

/// Most letters that are kept of each part of a message.
const LETTERS_MAX: usize = 16_384;

static KEPT: Mutex<BTreeSet<Message>> = Mutex::new(BTreeSet::new());

/// Keeps a message until the command ends; the same one once.
fn keep(mut message: Message) {
    let parts = [Some(&mut message.text), message.detail.as_mut(), message.hint.as_mut()];
    for part in parts.into_iter().flatten().chain(message.context.as_mut()) {
        if let Some((end, _)) = part.char_indices().nth(LETTERS_MAX) {
            part.truncate(end);
        }
    }
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() < MESSAGES_MAX {
        kept.insert(message);
    }
}

/// Where the messages of this command go.
static FILE: Mutex<Option<(HandoverDir, &'static str, bool)>> = Mutex::new(None);

/// Has the messages of this command written into a file of the hand-over folder, such as
/// `findings/copy-messages.jsonl`, in the place of that of the last run.
///
/// `quiet` keeps it from being said where they are.
pub fn write_into(dir: HandoverDir, name: &'static str, quiet: bool) {
    *FILE.lock().unwrap_or_else(PoisonError::into_inner) = Some((dir, name, quiet));
}

/// Writes what was kept, once everything was told, and says where. What no file was named for is only
/// in the log of the server.
pub fn write() {
    let kept = std::mem::take(&mut *KEPT.lock().unwrap_or_else(PoisonError::into_inner));
    let Some((dir, name, quiet)) = FILE.lock().unwrap_or_else(PoisonError::into_inner).take()
    else {
        return;
    };
    let mut file = FindingsFile::new(&dir, name);
    for message in &kept {
        file.add(message);
    }
    let place = file.place();
    match file.finish() {
        Ok(()) if kept.is_empty() || quiet => {}
        Ok(()) => tell(&format!(
            "note: messages of databases that may quote people's values are not shown; {} of them \
             are in {place}",
            kept.len()
        )),
        Err(error) => tell(&format!("error: messages that were not shown are lost: {error:#}")),
    }
}
