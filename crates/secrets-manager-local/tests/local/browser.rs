//! A real browser: chromium without a window, driven over a pair of pipes by its own protocol.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// One page, open.
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    sent: u64,
    _profile: tempfile::TempDir,
}

/// Whether there is a chromium, or nobody would have to bring one: who may install it has it from `scripts/setup`, and so has CI.
fn is_missing() -> bool {
    let found = Command::new("sh").args(["-c", "command -v chromium"]).output();
    let missing = !found.is_ok_and(|output| output.status.success());
    assert!(
        !missing || std::env::var_os("CI").is_none(),
        "chromium is missing"
    );
    missing
}

impl Browser {
    /// None if the machine has no chromium.
    pub(crate) fn open(url: &str) -> Option<Self> {
        if is_missing() {
            return None;
        }
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            // The protocol is read from descriptor 3 and written to descriptor 4.
            .args([
                "-c",
                r#"exec chromium "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#,
                "sh",
            ])
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut browser = Self {
            child,
            input,
            output: BufReader::new(output),
            session: None,
            sent: 0,
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", &json!({ "url": url }))["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = browser.ask("Target.attachToTarget", &attach)["sessionId"].clone();
        browser.session = session.as_str().map(str::to_owned);
        Some(browser)
    }

    fn ask(&mut self, method: &str, params: &Json) -> Json {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.input.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut answer = Vec::new();
            self.output.read_until(0, &mut answer).unwrap();
            assert_eq!(answer.pop(), Some(0), "chromium has ended; is it installed?");
            let answer: Json = serde_json::from_slice(&answer).unwrap();
            if answer["id"] == self.sent {
                assert_eq!(answer.get("error"), None, "{method}");
                return answer["result"].clone();
            }
        }
    }

    /// What a JavaScript expression is in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Json {
        let params = json!({ "expression": expression, "returnByValue": true });
        let answer = self.ask("Runtime.evaluate", &params);
        assert_eq!(answer.get("exceptionDetails"), None, "{expression}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait(&mut self, expression: &str) {
        let start = Instant::now();
        while self.value(expression) != true {
            let shown = "document.body && document.body.innerText";
            assert!(
                start.elapsed() < Duration::from_mins(1),
                "never true: {expression}\n{}",
                self.value(shown)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Makes the window so wide.
    pub(crate) fn resize(&mut self, width: u32) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.ask("Emulation.setDeviceMetricsOverride", &size);
    }

    /// All of the page, as the browser has it.
    pub(crate) fn dom(&mut self) -> String {
        let dom = self.value("document.documentElement.outerHTML");
        dom.as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
