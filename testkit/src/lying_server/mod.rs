//! A PostgreSQL server that lies: it stands before the private server of `./test`, hands on what both sides
//! say, and tells one lie among it. So every state of a real conversation is reached, and everything else that
//! is answered is true.
//!
//! Only our own programs are lied to: a client that calls itself `pg_dump` or `pg_restore` gets nothing but the
//! truth. The server listens on a socket in a folder of its own.

mod answer;
mod conversation;
mod lie;

use std::fs;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

use self::conversation::Conversation;
pub use self::lie::{CONTROLS, Census, Lie, Told};
use crate::database::Database;
use crate::server::{Server, from_environment};

/// A server that lies as long as it is there.
#[derive(Debug)]
pub struct LyingServer {
    folder: TempDir,
    told: Arc<Told>,
    is_over: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

/// The name that every server's socket has for the default port.
const SOCKET: &str = ".s.PGSQL.5432";

impl LyingServer {
    /// Begins to listen. Without a lie it is an honest server, which counts what could be lied about.
    #[track_caller]
    pub fn start(lie: Option<Lie>) -> Self {
        // The path of a socket has at most 107 bytes.
        let folder = tempfile::Builder::new()
            .prefix("lies.")
            .tempdir_in(from_environment("HANDOVER_TEST_DIR"));
        let folder = folder.expect("a folder for the socket");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let told = Arc::new(Told::new(lie));
        let is_over = Arc::new(AtomicBool::new(false));
        let behind = honest_socket();
        let listening = {
            let (told, is_over) = (Arc::clone(&told), Arc::clone(&is_over));
            thread::spawn(move || listen(&listener, &behind, &told, &is_over))
        };
        Self { folder, told, is_over, listening: Some(listening) }
    }

    /// URL of a database of the private server, by way of this one.
    pub fn url(&self, database: &Database) -> String {
        let folder = self.folder.path().display();
        format!("postgres://postgres@localhost/{}?host={folder}", database.name())
    }

    /// What was said so far.
    pub fn told(&self) -> &Told {
        &self.told
    }
}

impl Drop for LyingServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Whoever listens has to be woken.
        drop(UnixStream::connect(self.folder.path().join(SOCKET)));
        if let Some(listening) = self.listening.take() {
            // A thread that failed said so on standard error.
            drop(listening.join());
        }
    }
}

fn listen(listener: &UnixListener, behind: &Path, told: &Arc<Told>, is_over: &AtomicBool) {
    let mut conversations: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((client, _address)) = listener.accept() {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        let (behind, told) = (behind.to_owned(), Arc::clone(told));
        conversations.push(thread::spawn(move || {
            // It ends with an error as soon as one side is gone.
            let ended: io::Result<()> = UnixStream::connect(behind)
                .and_then(|server| Conversation::hold(client, server, &told));
            drop(ended);
        }));
    }
    for conversation in conversations {
        drop(conversation.join());
    }
}

/// The socket of the private server.
fn honest_socket() -> PathBuf {
    let folder = Server::shared().socket_folder();
    let socket = folder.join(SOCKET);
    assert!(
        fs::metadata(&socket).is_ok(),
        "the private server has no socket in {}",
        folder.display()
    );
    socket
}
