//! A server of the tests. tests/suite compiles this file too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// First byte of the range.
    pub(crate) from: Option<usize>,
    pub(crate) if_range: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Whether ranges are understood.
    pub(crate) ranges: bool,
    /// Whether the length is said.
    pub(crate) length: bool,
    /// Bytes after which the connection ends, or the server says no more.
    pub(crate) stop: Option<usize>,
    /// How long nothing more is said at `stop` before the connection ends.
    pub(crate) silence: Duration,
    /// A pause between pieces of a quarter.
    pub(crate) pause: Duration,
}

impl Answer {
    pub(crate) fn file(body: &[u8]) -> Self {
        Self {
            status: 200,
            body: body.to_vec(),
            headers: vec![("ETag", "\"one\"".to_owned())],
            ranges: true,
            length: true,
            stop: None,
            silence: Duration::ZERO,
            pause: Duration::ZERO,
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ranges: false,
            ..Self::file(b"<html>an error</html>")
        }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self {
            headers: vec![("Location", to.to_owned())],
            ..Self::status(302)
        }
    }

    pub(crate) fn stopped(self, stop: usize) -> Self {
        Self {
            stop: Some(stop),
            ..self
        }
    }
}

/// A server on this machine, until the tests end.
pub(crate) struct Server {
    pub(crate) base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request by `answer`, which gets its number too.
    pub(crate) fn new(answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(asked) = read(&stream) else { return };
                    let count = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(asked.clone());
                        seen.len() - 1
                    };
                    // A client that has gone is no fault of the server's.
                    let _ = reply(stream, &asked, &answer(&asked, count));
                });
            }
        });
        Self { base, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let (first, headers) = lines.split_first()?;
    let mut asked = Asked {
        path: first.split(' ').nth(1)?.to_owned(),
        ..Asked::default()
    };
    for line in headers {
        let (name, value) = line.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                let from = value.strip_prefix("bytes=")?.strip_suffix('-')?;
                asked.from = from.parse().ok();
            }
            "if-range" => asked.if_range = Some(value.to_owned()),
            "host" => asked.host = Some(value.to_owned()),
            "authorization" => asked.authorization = Some(value.to_owned()),
            "content-length" => asked.body = vec![0; value.parse().ok()?],
            _ => {}
        }
    }
    reader.read_exact(&mut asked.body).ok()?;
    Some(asked)
}

fn reply(mut stream: TcpStream, asked: &Asked, answer: &Answer) -> std::io::Result<()> {
    let total = answer.body.len();
    let same = |tag: &String| answer.headers.iter().any(|(_, value)| value == tag);
    let from = asked
        .from
        .filter(|_| answer.ranges && asked.if_range.as_ref().is_none_or(same));
    let (status, from) = match from {
        Some(from) if from >= total => (416, total),
        Some(from) => (206, from),
        None => (answer.status, 0),
    };
    write!(stream, "HTTP/1.1 {status} said\r\nConnection: close\r\n")?;
    for (name, value) in &answer.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    match status {
        206 => write!(
            stream,
            "Content-Range: bytes {from}-{}/{total}\r\n",
            total - 1
        )?,
        416 => write!(stream, "Content-Range: bytes */{total}\r\n")?,
        _ => {}
    }
    if answer.length {
        write!(stream, "Content-Length: {}\r\n", total - from)?;
    }
    write!(stream, "\r\n")?;
    let end = answer.stop.map_or(total, |stop| (from + stop).min(total));
    for piece in answer.body[from..end].chunks((total / 4).max(1)) {
        stream.write_all(piece)?;
        stream.flush()?;
        std::thread::sleep(answer.pause);
    }
    if end < total {
        std::thread::sleep(answer.silence);
    }
    Ok(())
}
