//! The generator against a server of this machine.

use super::*;
use crate::fetch::testing::{Answer, Asked, Server};
use crate::record::{CallerError, FrameIndex, Hint, ReferentialCaption, Story, StoryFrame};
use crate::vision::encode_png;
use serde_json::{Value, json};
use std::num::{NonZeroU32, NonZeroU64};

/// Stories `s0`, `s1`, .. of some frames.
fn prompts(stories: usize, frames: usize) -> Vec<Prompt> {
    let frame = |at: usize| StoryFrame {
        clip: crate::record::ClipId::new(format!("c{at}")),
        caption: format!("caption {at}").into(),
        characters: [].into(),
        character_labels: None,
        background_labels: None,
    };
    let prompt = |story: usize| {
        let story = Story {
            id: StoryId::new(format!("s{story}")),
            frames: (0..frames).map(frame).collect(),
        };
        let captions = story
            .frames
            .iter()
            .map(|it| ReferentialCaption::unchanged(&*it.caption));
        let captions = captions.collect();
        Prompt::new(story, captions)
    };
    (0..stories).map(prompt).collect()
}

/// Notes what was paid.
#[derive(Default)]
struct Notes(Mutex<Vec<Paid>>, AtomicUsize);

impl Budget for Notes {
    fn begin(&self, _: &StoryId, _: FrameIndex) -> Result<u64, CallerError> {
        Ok(self.1.fetch_add(1, Ordering::Relaxed) as u64)
    }

    fn end(&self, _: u64, paid: Paid) -> Result<(), CallerError> {
        self.0.lock().unwrap().push(paid);
        Ok(())
    }
}

impl Notes {
    fn all(&self) -> Vec<Paid> {
        self.0.lock().unwrap().clone()
    }
}

fn card(base: &str) -> HttpCard {
    let mut card = HttpCard::of_address(&format!("{base}/draw"));
    card.first_wait_ms = NonZeroU64::MIN;
    card.longest_wait_s = NonZeroU64::new(2).unwrap();
    card.attempts = NonZeroU32::new(3).unwrap();
    card
}

type Frames = Result<Vec<Vec<DrawnFrame>>, GeneratorError>;

/// Draws two stories of two frames, with a cache.
fn draw(card: &HttpCard, cache: &Path, notes: &Notes, seed: u64) -> Frames {
    let environment = Environment::default();
    let context = HttpContext {
        environment: &environment,
        cache,
        budget: notes,
        note: &|_| (),
        stopped: &|| false,
    };
    HttpGenerator::new(card, context).generate(&prompts(2, 2), Seed(seed))
}

/// An image that shows what was asked for.
fn image(body: &Value) -> RgbImage {
    let frame = body["frame"].as_u64().unwrap() as u8;
    let story = body["story"].as_str().unwrap().len() as u8;
    RgbImage::from_pixel(4, 3, image::Rgb([frame, story, 7]))
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        ranges: false,
        headers: Vec::new(),
        ..Answer::file(body.to_string().as_bytes())
    }
}

fn good(asked: &Asked) -> Answer {
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    let png = base64::encode(encode_png(&image(&body)).unwrap());
    answer(200, &json!({ "image": png, "note": "mine" }))
}

fn fault(frames: Frames) -> ServiceFault {
    match frames.unwrap_err() {
        GeneratorError::Service { source, .. } => *source,
        other => panic!("{other}"),
    }
}

#[test]
fn an_answer_is_asked_for_once_and_other_seeds_are_other_draws() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::new(|asked, _| good(asked));
    let (card, notes) = (card(&server.base), Notes::default());
    let first = draw(&card, cache.path(), &notes, 0).unwrap();
    assert_eq!(notes.all(), [Paid::Image; 4]);
    assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    let mut pixels = first
        .iter()
        .flatten()
        .map(|it| it.image.as_ref().unwrap()[(0, 0)].0);
    assert!(
        [1, 2, 1, 2]
            .iter()
            .all(|frame| pixels.next().unwrap()[0] == *frame)
    );
    assert_eq!(first[0][0].report.note.as_deref(), Some("mine"));
    // Faster, and asked for by several threads: the same frames, from the cache.
    let mut same = card.clone();
    same.concurrency = NonZeroU32::new(4).unwrap();
    assert_eq!(draw(&same, cache.path(), &notes, 0).unwrap(), first);
    assert_eq!(server.asked().len(), 4);
    draw(&card, cache.path(), &notes, 1).unwrap();
    assert_eq!(server.asked().len(), 8);
    let seeds: std::collections::BTreeSet<String> = server
        .asked()
        .iter()
        .map(|asked| serde_json::from_slice::<Value>(&asked.body).unwrap()["seed"].to_string())
        .collect();
    assert_eq!(seeds.len(), 4, "two stories, two seeds");
}

#[test]
fn two_processes_pay_once() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::new(|asked, _| {
        std::thread::sleep(Duration::from_millis(30));
        good(asked)
    });
    let (card, notes) = (card(&server.base), Notes::default());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| draw(&card, cache.path(), &notes, 0).unwrap());
        }
    });
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn what_passes_is_tried_again_and_what_it_may_cost_is_noted() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::new(|asked, count| match count {
        0 => Answer {
            headers: vec![("Retry-After", "1".to_owned())],
            ..answer(429, &json!({"error": {"message": "slow down"}}))
        },
        1 => answer(500, &json!({})),
        2 => good(asked).stopped(20),
        _ => good(asked),
    });
    let notes = Notes::default();
    let mut card = card(&server.base);
    card.attempts = NonZeroU32::new(4).unwrap();
    let begin = std::time::Instant::now();
    draw(&card, cache.path(), &notes, 0).unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1), "Retry-After");
    let noted = notes.all();
    assert_eq!(noted[..3], [Paid::Nothing, Paid::Nothing, Paid::Unknown]);
    assert_eq!(noted[3..], [Paid::Image; 4]);
}

/// Whether a fault is the one that is expected.
type Wanted = fn(&ServiceFault) -> bool;

#[test]
fn what_does_not_pass_stops_the_run_at_once() {
    let broke = json!({"error": {"code": "insufficient_quota", "message": "no money"}});
    let cases: [(Answer, Wanted, usize); 8] = [
        (
            answer(401, &json!({"error": {"message": "who?"}})),
            |it| matches!(it, ServiceFault::NotAllowed { .. }),
            1,
        ),
        (
            answer(429, &broke),
            |it| matches!(it, ServiceFault::Quota { .. }),
            1,
        ),
        (
            answer(404, &json!({})),
            |it| matches!(it, ServiceFault::Status { status: 404, .. }),
            1,
        ),
        (
            answer(503, &json!({})),
            |it| matches!(it, ServiceFault::Attempts { attempts: 3, .. }),
            3,
        ),
        (
            Answer {
                headers: vec![("Retry-After", "60".to_owned())],
                ..answer(429, &json!({}))
            },
            |it| matches!(it, ServiceFault::TooBusy { .. }),
            1,
        ),
        (
            Answer::file(b"<html>a proxy</html>"),
            |it| matches!(it, ServiceFault::Answer { cut: false, .. }),
            1,
        ),
        (
            answer(200, &json!({"image": base64::encode("no image")})),
            |it| matches!(it, ServiceFault::Image { .. }),
            1,
        ),
        (
            Answer::redirect("http://127.0.0.1:9/"),
            |it| matches!(it, ServiceFault::Fetch(_)),
            1,
        ),
    ];
    for (answer, wanted, requests) in cases {
        let cache = tempfile::tempdir().unwrap();
        let shown = format!("{answer:?}");
        let server = Server::new(move |_, _| answer.clone());
        let notes = Notes::default();
        let fault = fault(draw(&card(&server.base), cache.path(), &notes, 0));
        assert!(wanted(&fault), "{shown}: {fault:?}");
        assert_eq!(server.asked().len(), requests, "{shown}");
        assert!(fault.hint().is_some());
    }
}

#[test]
fn refusals_are_frames_and_failures_too_where_the_card_says_so() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::new(|asked, _| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        match (
            body["frame"].as_u64(),
            body["earlier"].as_array().map(Vec::len),
        ) {
            (Some(1), None) => answer(200, &json!({"refused": "not this"})),
            (Some(2), None) => answer(200, &json!({"image": "AAAA"})),
            other => panic!("{other:?}"),
        }
    });
    let notes = Notes::default();
    let mut card = card(&server.base);
    // The refused frame is not sent.
    card.earlier_frames = true;
    card.on_failure = OnFailure::Skip;
    let drawn = draw(&card, cache.path(), &notes, 0).unwrap();
    assert_eq!(drawn[0][0].image, Err(Absence::Refused));
    assert_eq!(drawn[0][0].report.note.as_deref(), Some("not this"));
    assert_eq!(drawn[1][1].image, Err(Absence::Failed));
    assert!(
        drawn[1][1]
            .report
            .note
            .as_ref()
            .unwrap()
            .contains("cannot be used")
    );
    // A refusal is kept, a failure is not.
    draw(&card, cache.path(), &notes, 0).unwrap();
    assert_eq!(server.asked().len(), 4 + 2);
}

#[test]
fn earlier_frames_and_given_ones_are_sent() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::new(|asked, _| good(asked));
    let mut card = card(&server.base);
    card.earlier_frames = true;
    let notes = Notes::default();
    let environment = Environment::default();
    let context = HttpContext {
        environment: &environment,
        cache: cache.path(),
        budget: &notes,
        note: &|_| (),
        stopped: &|| false,
    };
    let given = RgbImage::from_pixel(2, 2, image::Rgb([9, 9, 9]));
    let mut prompts = prompts(1, 3);
    prompts[0].given = vec![given.clone()];
    let drawn = HttpGenerator::new(&card, context)
        .generate(&prompts, Seed(0))
        .unwrap();
    assert_eq!(drawn[0].len(), 3);
    assert_eq!(drawn[0][0].image.as_ref(), Ok(&given));
    let asked: Vec<Value> = server
        .asked()
        .iter()
        .map(|asked| serde_json::from_slice(&asked.body).unwrap())
        .collect();
    let sent = |at: usize| asked[at]["earlier"].as_array().unwrap().clone();
    assert_eq!((sent(0).len(), sent(1).len()), (1, 2));
    assert_eq!(
        (&sent(1)[1]["frame"], &asked[1]["frame"]),
        (&json!(2), &json!(3))
    );
    let second = base64::encode(encode_png(drawn[0][1].image.as_ref().unwrap()).unwrap());
    assert_eq!(sent(1)[1]["png"], json!(second));
}
