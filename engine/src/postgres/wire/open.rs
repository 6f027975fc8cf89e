//! From a place to a session: the line, its protection, and the proof of who we are.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::net::sockopt;
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::{self, SslNegotiation};
use tokio_postgres::tls::TlsConnect;
use tokio_postgres::{Client, Config};

use super::end_point::end_point;
use super::framing::{Binding, Framing, Trust};
use super::guard::{Duplex, Guard};
use super::seen::Seen;
use super::tls::secured;
use crate::endpoint::{ChannelBinding, Connection, Host, Line, SslMode, socket_name};
use crate::postgres::error::{connect_error, unreachable};

/// When a silent connection is asked whether it is still there, and how often.
const KEEP_ALIVE_AFTER: Duration = Duration::from_mins(1);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEP_ALIVE_COUNT: u32 = 6;

/// What moves the bytes of a connection.
pub(super) type Driver = tokio_postgres::Connection<Guard, Guard>;

/// Connects and proves who we are.
pub(super) async fn open(connection: &Connection) -> Result<(Client, Driver, Arc<Seen>)> {
    let password = connection.password()?;
    let (line, end_point) = line(connection).await?;
    let trust = Trust {
        line: connection.line(),
        has_password: password.is_some(),
        binding: match (connection.line(), connection.tls.channel_binding) {
            (Line::Socket | Line::Clear, _) | (_, ChannelBinding::Disable) => Binding::NotAsked,
            _ if end_point.is_none() => Binding::Impossible,
            _ => Binding::Possible,
        },
    };
    let guard = Guard::new(line, Framing::new(trust), end_point);
    let seen = guard.seen();
    let config = driver_config(connection, password.as_deref());
    let (client, driver) = config.connect_raw(guard, AsItIs).await.map_err(connect_error)?;
    Ok((client, driver, seen))
}

/// The line, under TLS if that is the policy, and what a proof on it is bound to.
async fn line(connection: &Connection) -> Result<(Box<dyn Duplex>, Option<Vec<u8>>)> {
    let (name, address) = match &connection.host {
        Host::Socket(folder) => {
            let path = folder.join(socket_name(connection.port));
            let socket = UnixStream::connect(&path).await;
            let socket = socket
                .map_err(|error| unreachable(&error))
                .with_context(|| path.display().to_string())?;
            return Ok((Box::new(socket), None));
        }
        Host::Tcp { name, address } => (name, address),
    };
    let socket = match address {
        Some(address) => TcpStream::connect(SocketAddr::new(*address, connection.port)).await,
        None => TcpStream::connect((name.as_str(), connection.port)).await,
    };
    let socket = socket.map_err(|error| unreachable(&error))?;
    keep_alive(&socket).context("cannot set up the connection")?;
    if connection.tls.mode == SslMode::Disable {
        return Ok((Box::new(socket), None));
    }
    let stream = secured(socket, name, &connection.tls).await?;
    let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let end_point = shown.first().and_then(|certificate| end_point(certificate));
    Ok((Box::new(stream), end_point))
}

fn keep_alive(socket: &TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, KEEP_ALIVE_AFTER)?;
    sockopt::set_tcp_keepintvl(socket, KEEP_ALIVE_EVERY)?;
    sockopt::set_tcp_keepcnt(socket, KEEP_ALIVE_COUNT)?;
    Ok(())
}

fn driver_config(connection: &Connection, password: Option<&str>) -> Config {
    let mut config = Config::new();
    config.user(&connection.user).dbname(&connection.database).application_name("handover");
    if let Some(options) = &connection.options {
        config.options(options);
    }
    if let Some(password) = password {
        config.password(password);
    }
    config.channel_binding(match connection.tls.channel_binding {
        ChannelBinding::Disable => config::ChannelBinding::Disable,
        ChannelBinding::WhereOffered => config::ChannelBinding::Prefer,
        ChannelBinding::Require => config::ChannelBinding::Require,
    });
    // Told that TLS is there from the first byte, the driver leaves all of it to `AsItIs`.
    config.ssl_mode(config::SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
    config
}

/// Gives the driver the line that is there, which has its protection already.
struct AsItIs;

impl TlsConnect<Guard> for AsItIs {
    type Stream = Guard;
    type Error = Infallible;
    type Future = Ready<Result<Guard, Infallible>>;

    fn connect(self, line: Guard) -> Self::Future {
        ready(Ok(line))
    }
}
