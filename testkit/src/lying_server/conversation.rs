//! One connection: what both sides say is handed on.

use std::io::{self, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::answer::{Answer, body_length};
use super::lie::{Then, Told};

/// `SSLRequest` and `GSSENCRequest`: a server on a socket has neither.
const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

/// One client, and the honest server behind.
pub(super) struct Conversation<'t> {
    client: UnixStream,
    server: UnixStream,
    told: &'t Told,
    /// Whether the last question was for a sample: how rows are, and not which.
    asked_for_sample: AtomicBool,
}

impl Conversation<'_> {
    /// Hands on what both say until one of them is gone, or the lie was the last word.
    pub(super) fn hold(client: UnixStream, server: UnixStream, told: &Told) -> io::Result<()> {
        let asked_for_sample = AtomicBool::new(false);
        let conversation = Conversation { client, server, told, asked_for_sample };
        let is_lied_to = conversation.begin()?;
        thread::scope(|scope| {
            scope.spawn(|| {
                let ended = conversation.ask();
                conversation.end(ended);
            });
            let ended = if is_lied_to {
                conversation.answer()
            } else {
                io::copy(&mut &conversation.server, &mut &conversation.client).map(drop)
            };
            conversation.end(ended);
        });
        Ok(())
    }

    /// However one direction ended, both sides have to know.
    fn end(&self, ended: io::Result<()>) {
        drop(ended);
        drop(self.client.shutdown(Shutdown::Both));
        drop(self.server.shutdown(Shutdown::Both));
    }

    /// Hands on the startup packet; whether the client is one of our programs.
    fn begin(&self) -> io::Result<bool> {
        let (mut client, mut server) = (&self.client, &self.server);
        loop {
            let mut length = [0; 4];
            client.read_exact(&mut length)?;
            let mut packet = vec![0; body_length(length)?];
            client.read_exact(&mut packet)?;
            if ENCRYPTION.iter().any(|code| packet == code.to_be_bytes()) {
                client.write_all(b"N")?;
                continue;
            }
            server.write_all(&length)?;
            server.write_all(&packet)?;
            let is_other = |name: &[u8]| packet.windows(name.len()).any(|part| part == name);
            return Ok(!is_other(b"pg_dump\0") && !is_other(b"pg_restore\0"));
        }
    }

    /// Hands on what the client asks.
    fn ask(&self) -> io::Result<()> {
        let (mut client, mut server) = (BufReader::new(&self.client), &self.server);
        loop {
            let question = Answer::read(&mut client)?;
            if matches!(question.kind, b'Q' | b'P') {
                let is_sample = question.text().contains(" LIMIT ");
                self.asked_for_sample.store(is_sample, Ordering::SeqCst);
            }
            question.write(&mut server)?;
        }
    }

    /// Hands on what the server says, with the lie in it.
    fn answer(&self) -> io::Result<()> {
        let (mut client, mut server) = (&self.client, BufReader::new(&self.server));
        loop {
            let answer = Answer::read(&mut server)?;
            let is_sample = self.asked_for_sample.load(Ordering::SeqCst);
            let Some(lie) = self.told.lie_at(&answer, is_sample) else {
                answer.write(&mut client)?;
                continue;
            };
            match lie.tell(&answer, || Answer::read(&mut server), &mut client)? {
                Then::TheTruth => {}
                // The honest server goes on as if it were heard.
                Then::Silence => return io::copy(&mut server, &mut io::sink()).map(drop),
                Then::TheEnd => return Ok(()),
            }
        }
    }
}
