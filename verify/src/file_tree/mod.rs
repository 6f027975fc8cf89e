//! Reading folders that somebody else made: nothing is followed, nothing but regular files is
//! ever opened for its content, and a path may be as long as it likes.

mod folder;
mod walk;

pub use folder::{FileKind, Folder, Identity, Status, is_missing};
pub use walk::{Found, Walk, WalkError};

use rustix::process::{Resource, getrlimit, setrlimit};

/// Lets this process open as many files as it may: a walk holds one folder open per level.
pub fn allow_many_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Refused, the walk says so where it runs out.
    let _refused = setrlimit(Resource::Nofile, limit);
}
