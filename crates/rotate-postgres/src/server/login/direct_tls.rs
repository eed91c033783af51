//! A server that is TLS from the first byte: something in front of PostgreSQL that ends TLS. Asked for TLS in PostgreSQL's way, it hangs up,
//! sends an alert or waits for the rest of a handshake, and each of these looks like another fault.

use std::time::Duration;

use rotation::Budget;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::fault::PostgresFault;
use crate::server::endpoint::Endpoint;
use crate::server::reach;
use crate::server::tls::Tls;

/// Longest time for the question whether it is one.
const LIMIT: Duration = Duration::from_secs(2);
/// The first byte of TLS's records: a handshake's, and an alert's.
const RECORDS: [u8; 2] = [0x16, 0x15];

/// The fault, or the true cause of it where the request for TLS had no proper answer.
pub(super) async fn explain(
    fault: PostgresFault,
    tls: &Tls,
    endpoint: &Endpoint,
    budget: Budget,
) -> PostgresFault {
    let answer = match &fault {
        PostgresFault::NotPostgres { .. } => "it answers with a TLS alert",
        PostgresFault::ConnectionLost { .. } => "it hangs up",
        PostgresFault::ServerSilent(_) => "it says nothing",
        _ => return fault,
    };
    let limit = LIMIT.min(budget.remaining() / 2);
    match tokio::time::timeout(limit, first_byte(tls, endpoint, budget)).await {
        Ok(Some(byte)) if RECORDS.contains(&byte) => PostgresFault::TlsFromTheFirstByte {
            server: endpoint.server(),
            answer,
        },
        _ => fault,
    }
}

/// What it answers to the beginning of a TLS handshake. PostgreSQL itself says nothing before version 17, and since then it answers the
/// request for TLS, too.
async fn first_byte(tls: &Tls, endpoint: &Endpoint, budget: Budget) -> Option<u8> {
    let hello = tls.client_hello(endpoint.tls, &endpoint.server_name)?;
    let mut stream = reach::reach(endpoint, budget).await.ok()?;
    stream.write_all(&hello).await.ok()?;
    stream.read_u8().await.ok()
}
