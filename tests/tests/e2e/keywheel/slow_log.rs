//! CloudWatch Logs answers late.

use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::desk::Desk;

/// Longer than `doctor` waits, and shorter than `status` does.
const LATE: Duration = Duration::from_millis(3500);

/// The address of a listener that passes each connection on, late.
async fn late(to: &str) -> String {
    let to = to.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                tokio::time::sleep(LATE).await;
                if let Ok(mut to) = TcpStream::connect(to).await {
                    // Either end may hang up.
                    let _ = copy_bidirectional(&mut from, &mut to).await;
                }
            });
        }
    });
    format!("http://{address}")
}

/// A person waits for `doctor`. For `status`, a verdict without the log would be another one than at the next look.
#[tokio::test]
async fn status_waits_for_the_log_for_longer_than_doctor() {
    let desk = Desk::stuck(false).await;
    let url = late(&desk.world.aws.url()).await;
    let desk = desk.asking(&url, &["CLOUDWATCH_LOGS"]);
    let hurried = desk.doctor("").await;
    hurried.says(&["[pending-unclear"]);
    assert!(hurried.out.contains("none within 2 s"), "{}", hurried.out);
    let status = desk.types("keywheel status").await;
    let expected = "pending-before-set: PermissionDenied";
    assert!(status.out.contains(expected), "{}{}", status.out, status.err);
    let watched = desk.types("timeout -s INT 15 keywheel status --watch=1").await;
    let changes: Vec<&str> = watched.out.lines().collect();
    assert_eq!(changes.len(), 1, "{changes:?}{}", watched.err);
    assert!(changes[0].contains(expected), "{changes:?}");
}
