//! One program with its pipes: a thread per pipe, so that neither side can block the other for ever.

use super::fault::WorkerFault;
use super::launch::Launch;
use super::live::{self, Ending};
use super::log::Log;
use super::message::{MAX_LINE, PROTOCOL, Reply, Request, Version};
use super::secrets::Secrets;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Lines that wait to be read: more make the worker wait.
const WAITING: usize = 2;
/// Messages that a worker may leave unread.
const UNREAD: usize = 8;
/// How often it is checked whether a silent worker still runs.
const POLL: Duration = Duration::from_millis(100);
/// How often it is checked whether a worker that is to end has ended.
const STEP: Duration = Duration::from_millis(5);
/// How long lines of a worker that has ended are waited for.
const REST: Duration = Duration::from_millis(500);
/// How long a worker has to end by itself after `bye`.
const GRACE: Duration = Duration::from_secs(5);
/// Characters of a line that an error quotes.
const QUOTED: usize = 200;

/// What comes out of a worker.
enum Line {
    Whole(Vec<u8>),
    TooLong,
    Broken,
}

/// A running worker.
pub(super) struct Process {
    child: Child,
    lines: Receiver<Line>,
    input: Option<SyncSender<Vec<u8>>>,
    log: Arc<Mutex<Log>>,
    threads: Vec<JoinHandle<()>>,
    scratch: TempDir,
    stop: Arc<AtomicBool>,
    secrets: Secrets,
}

impl Process {
    /// Starts worker `number`.
    pub(super) fn start(
        launch: &Launch,
        number: usize,
        log: &Arc<Mutex<Log>>,
    ) -> Result<Self, WorkerFault> {
        let scratch = tempfile::Builder::new()
            .prefix("storyeval-worker-")
            .tempdir()
            .map_err(|source| WorkerFault::Scratch {
                path: std::env::temp_dir(),
                source,
            })?;
        let spawn = || {
            let child = command(launch, number).spawn()?;
            Ok((child.id(), child))
        };
        let mut child = match live::start(scratch.path().to_owned(), spawn) {
            None => return Err(WorkerFault::Ending),
            Some(started) => started.map_err(|source| WorkerFault::Spawn {
                program: launch.program.display().to_string(),
                source,
            })?,
        };
        let (to_reader, lines) = sync_channel(WAITING);
        let (input, to_write) = sync_channel::<Vec<u8>>(UNREAD);
        let mut threads = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            threads.push(std::thread::spawn(move || read_lines(stdout, &to_reader)));
        }
        if let Some(mut stdin) = child.stdin.take() {
            threads.push(std::thread::spawn(move || {
                // A worker that does not read any more is noticed by its silence.
                while let Ok(bytes) = to_write.recv() {
                    if stdin
                        .write_all(&bytes)
                        .and_then(|()| stdin.flush())
                        .is_err()
                    {
                        break;
                    }
                }
            }));
        }
        if let Some(mut stderr) = child.stderr.take() {
            let log = Arc::clone(log);
            threads.push(std::thread::spawn(move || {
                let mut buffer = vec![0; 64 << 10];
                while let Ok(length @ 1..) = stderr.read(&mut buffer) {
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    log.add(&buffer[..length]);
                }
            }));
        }
        Ok(Self {
            child,
            lines,
            input: Some(input),
            log: Arc::clone(log),
            threads,
            scratch,
            stop: Arc::clone(&launch.stop),
            secrets: launch.secrets.clone(),
        })
    }

    /// The folder for files between storyeval and the worker.
    pub(super) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Says something. Returns before the worker has read it.
    pub(super) fn say(&self, request: &Request<'_>) {
        let mut line = serde_json::to_vec(request).expect("messages have only text keys");
        line.push(b'\n');
        if let Some(input) = &self.input {
            // A worker that answers without reading, or has closed its input, is noticed by what it says.
            let _ = input.try_send(line);
        }
    }

    /// The next message; `None` where none came within the limit.
    pub(super) fn hear(&mut self, limit: Duration) -> Result<Option<Heard>, WorkerFault> {
        let deadline = Instant::now() + limit;
        let mut ended = None;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left.min(POLL)) {
                Ok(Line::Whole(line)) => return Heard::of(&line, &self.secrets).map(Some),
                Ok(Line::TooLong) => return Err(WorkerFault::LongLine),
                Ok(Line::Broken) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.end_status());
                }
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Ok(None),
                // A program that it started may keep its pipe open.
                Err(RecvTimeoutError::Timeout) if self.has_ended() => {
                    if ended.get_or_insert_with(Instant::now).elapsed() > REST {
                        return Err(self.end_status());
                    }
                }
                Err(RecvTimeoutError::Timeout) if self.stop.load(Ordering::Relaxed) => {
                    return Err(WorkerFault::Ending);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Whether the program has ended. It is not reaped, so that its process group is still its own.
    #[cfg(unix)]
    fn has_ended(&mut self) -> bool {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        id.is_some_and(|id| matches!(waitid(WaitId::Pid(id), options), Ok(Some(_))))
    }

    #[cfg(not(unix))]
    fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// How it ended.
    fn end_status(&mut self) -> WorkerFault {
        let closed = Instant::now();
        while !self.has_ended() && closed.elapsed() < REST {
            std::thread::sleep(STEP);
        }
        let status = if self.has_ended() {
            self.force();
            match self.child.wait() {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            }
        } else {
            "it closed its output".to_owned()
        };
        WorkerFault::Ended { status }
    }

    fn force(&mut self) {
        live::signal(self.child.id(), Ending::Forced);
        // Where there are no groups; on a program that has ended it does nothing.
        let _ = self.child.kill();
    }

    /// Lets the worker end by itself, for a while.
    pub(super) fn dismiss(mut self) {
        self.say(&Request::Bye);
        self.input = None;
        let asked = Instant::now();
        // What it still writes is drained, so that it does not wait for a reader.
        while !self.has_ended() && asked.elapsed() < GRACE {
            if let Err(RecvTimeoutError::Disconnected) = self.lines.recv_timeout(STEP) {
                std::thread::sleep(STEP);
            }
        }
        if !self.has_ended() {
            live::signal(self.child.id(), Ending::Asked);
            std::thread::sleep(REST);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        self.force();
        let _ = self.child.wait();
        live::ended(self.child.id());
        // A reader that waits for room ends with its channel.
        self.lines = sync_channel(0).1;
        // A program that left the worker's group may keep its pipes open: such readers are left alone.
        let asked = Instant::now();
        while !self.threads.iter().all(JoinHandle::is_finished) && asked.elapsed() < REST {
            std::thread::sleep(STEP);
        }
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = log.write();
    }
}

/// A message of a worker.
pub(super) struct Heard {
    pub(super) reply: Reply,
    /// The beginning of its line, for errors.
    shown: String,
}

impl Heard {
    fn of(line: &[u8], secrets: &Secrets) -> Result<Self, WorkerFault> {
        let shown = beginning(line, secrets);
        match serde_json::from_slice(line) {
            Ok(reply) => Ok(Self { reply, shown }),
            Err(error) => {
                // The version first: another one may have other messages, and that is the better error.
                if let Ok(Version { protocol: Some(it) }) = serde_json::from_slice(line)
                    && it != PROTOCOL
                {
                    let found = it.to_string();
                    return Err(WorkerFault::Protocol { found });
                }
                Err(WorkerFault::Garbage {
                    line: shown,
                    why: secrets.removed(&error.to_string()),
                })
            }
        }
    }

    /// A fault about this message.
    pub(super) fn out_of_place(&self, expected: &str) -> WorkerFault {
        WorkerFault::OutOfPlace {
            what: format!("{}; {expected}", self.shown),
        }
    }
}

/// The beginning of a line, as an error quotes it.
fn beginning(line: &[u8], secrets: &Secrets) -> String {
    // More than is quoted, so that no value is cut in two before it is recognised.
    let text = String::from_utf8_lossy(&line[..line.len().min(8 * QUOTED)]);
    let text = secrets.removed(&text);
    let mut quoted: String = text.chars().take(QUOTED).collect();
    if quoted.len() < text.len() || line.len() > 8 * QUOTED {
        quoted.push_str("..");
    }
    quoted
}

/// Reads lines of at most [`MAX_LINE`] bytes. One that begins like no message is not read to its end.
fn read_lines(stdout: impl Read, lines: &SyncSender<Line>) {
    let mut stdout = BufReader::with_capacity(64 << 10, stdout);
    loop {
        let mut line = Vec::new();
        let read = (&mut stdout)
            .take(MAX_LINE as u64 + 1)
            .read_until(b'\n', &mut line);
        let sent = match read {
            Ok(0) => return,
            Ok(_) if line.last() == Some(&b'\n') => {
                line.pop();
                lines.send(Line::Whole(line))
            }
            Ok(_) if line.len() > MAX_LINE => {
                let _ = lines.send(Line::TooLong);
                return;
            }
            // The end of the output: half a line.
            Ok(_) => return,
            Err(_) => {
                let _ = lines.send(Line::Broken);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

fn command(launch: &Launch, number: usize) -> Command {
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.arguments)
        .current_dir(&launch.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(visible) = &launch.device(number).visible {
        command.env("CUDA_VISIBLE_DEVICES", visible);
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Ctrl-C of a terminal reaches storyeval alone, which ends its workers; and what a worker starts ends with it.
        command.process_group(0);
    }
    command
}
