//! What the text of a row is, if it is no path of a delivered file.

use serde_json::Value;
use url::Url;

use super::otherwise::PATH_MAX;

/// Schemes whose addresses begin with a host.
const OF_HOSTS: [&str; 6] = ["http", "https", "ftp", "ftps", "sftp", "webdav"];

/// Schemes of object stores, whose addresses begin with a bucket or container.
const OF_BUCKETS: [&str; 15] = [
    "s3", "s3a", "s3n", "gs", "gcs", "oss", "cos", "obs", "minio", "az", "azure", "abfs", "abfss",
    "wasb", "wasbs",
];

/// Words that programs write where there is nothing.
const NOTHING: [&str; 8] = ["null", "undefined", "none", "nan", "n/a", "[]", "{}", "\"\""];

/// Characters between the paths of a list.
const SEPARATORS: [char; 4] = [';', ',', '|', '\n'];

/// Longest name of a place that is told: a name of a host has 253 letters at most (RFC 1035).
const PLACE_MAX: usize = 253;

/// What a text is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// It may be a path.
    Path,
    /// It names no file; why.
    Nothing(&'static str),
    /// A file itself: a `data:` URI (RFC 2397).
    Content,
    /// Several paths: how they are written, and the paths.
    List {
        /// The form of the list.
        how: &'static str,
        /// What is in it.
        paths: Vec<Vec<u8>>,
    },
    /// Somewhere else: which host, bucket or computer.
    Elsewhere(String),
}

impl Text {
    /// Tells what a text is.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let Ok(text) = str::from_utf8(bytes) else { return Self::Path };
        let text = text.trim();
        if text.is_empty() {
            return Self::Nothing(if bytes.is_empty() { "it is empty" } else { "it is blank" });
        }
        if NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Self::Nothing("it is a word for nothing, such as null");
        }
        if text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
            return Self::Content;
        }
        list(text).or_else(|| elsewhere(text).map(Self::Elsewhere)).unwrap_or(Self::Path)
    }
}

/// A list, if it is one beyond doubt: JSON, or paths that all have an extension.
fn list(text: &str) -> Option<Text> {
    if text.starts_with(['[', '{'])
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        return Some(Text::List { how: "written as JSON", paths: texts(&value) });
    }
    if text.len() > PATH_MAX * 16 {
        return None;
    }
    SEPARATORS.into_iter().find_map(|separator| {
        let parts: Vec<&str> =
            text.split(separator).map(str::trim).filter(|part| !part.is_empty()).collect();
        let paths = parts.len() > 1 && parts.iter().all(|part| has_extension(part));
        let how = match separator {
            ';' => "separated by ;",
            ',' => "separated by ,",
            '|' => "separated by |",
            _ => "one in each line",
        };
        let bytes = || parts.iter().map(|part| part.as_bytes().to_vec()).collect();
        paths.then(|| Text::List { how, paths: bytes() })
    })
}

/// Every text in a JSON value.
fn texts(value: &Value) -> Vec<Vec<u8>> {
    match value {
        Value::String(text) => vec![text.clone().into_bytes()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// `name.jpg`: two to five letters and digits behind the last dot of the last segment.
fn has_extension(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (2..=5).contains(&extension.len())
            && extension.chars().all(|letter| letter.is_ascii_alphanumeric())
    })
}

/// The host, bucket or computer that a text leads to. Never its path, its user or its query.
fn elsewhere(text: &str) -> Option<String> {
    let mut letters = text.chars();
    let drive = letters.next().filter(char::is_ascii_alphabetic);
    if let (Some(drive), Some(':'), Some('\\' | '/')) = (drive, letters.next(), letters.next()) {
        return Some(format!("drive {}: of a Windows computer", drive.to_ascii_uppercase()));
    }
    if let Some(rest) = text.strip_prefix(r"\\") {
        let server = rest.split(['\\', '/']).next().filter(|server| is_told(server))?;
        return Some(format!("the Windows server {server}"));
    }
    if let Some(rest) = text.strip_prefix("//") {
        let (host, _) = rest.split_once('/')?;
        let host = Url::parse(&format!("http://{host}/")).ok()?.host_str()?.to_owned();
        return (host.contains('.') && is_told(&host)).then(|| format!("the host {host}"));
    }
    let (scheme, rest) = text.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let known = scheme.len() > 1
        && scheme.starts_with(|letter: char| letter.is_ascii_lowercase())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    if !known || !(rest.starts_with("//") || scheme == "file" && rest.starts_with('/')) {
        return None;
    }
    Some(of_url(&scheme, text))
}

/// What a URL leads to.
fn of_url(scheme: &str, text: &str) -> String {
    let url = Url::parse(text).ok();
    let host = url.as_ref().and_then(|url| url.host_str()).filter(|host| is_told(host));
    match (scheme, host) {
        ("file", None) => "the files of another computer (file:)".to_owned(),
        ("file", Some(host)) => format!("the files of the computer {host} (file:)"),
        (scheme, Some(host)) if OF_HOSTS.contains(&scheme) => format!("the host {host}"),
        // Azure: container@account.
        (scheme, Some(host)) if OF_BUCKETS.contains(&scheme) => {
            match url.as_ref().map(Url::username).filter(|container| is_told(container)) {
                Some(container) => format!("the bucket {container} of {host} ({scheme}:)"),
                None => format!("the bucket {host} ({scheme}:)"),
            }
        }
        (scheme, _) => format!("an address that begins with {scheme}:"),
    }
}

fn is_told(place: &str) -> bool {
    !place.is_empty() && place.len() <= PLACE_MAX && !place.chars().any(char::is_control)
}

/// A path without the values of a query behind it, which may be secret.
pub(super) fn without_query_values(path: &[u8]) -> &[u8] {
    let query = path.iter().position(|byte| *byte == b'?');
    let (before, query) = path.split_at(query.unwrap_or(path.len()));
    if query.contains(&b'=') { before } else { path }
}
