//! One request and one answer, from servers that behave and others.

use super::testing::{Answer, Server};
use super::*;
use std::time::{Duration, Instant};

const KEY: &str = "sk-planted-0123456789";

fn service() -> Service {
    let patience = Patience {
        silence: Duration::from_millis(400),
        ..Patience::default()
    };
    Service::new(
        &Environment::default(),
        patience,
        Duration::from_millis(900),
    )
}

fn key() -> Secret {
    Secret::new(KEY).unwrap()
}

fn plain(body: &[u8]) -> Answer {
    Answer {
        ranges: false,
        ..Answer::file(body)
    }
}

#[test]
fn a_request_carries_the_key_and_any_status_is_an_answer() {
    let server = Server::new(|_, count| Answer {
        headers: vec![
            ("Content-Type", "image/png".to_owned()),
            ("Retry-After", "3".to_owned()),
        ],
        status: [200, 429][count],
        ..plain(b"pixels")
    });
    let address = format!("{}/draw", server.base);
    let reply = service().post(&address, Some(&key()), b"{}", 100).unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (200, &b"pixels"[..]));
    assert_eq!(reply.kind.as_deref(), Some("image/png"));
    let busy = service().post(&address, None, b"{}", 100).unwrap();
    assert_eq!(
        (busy.status, busy.wait),
        (429, Some(Duration::from_secs(3)))
    );
    let asked = server.asked();
    let bearer = format!("Bearer {KEY}");
    assert_eq!(asked[0].authorization.as_deref(), Some(bearer.as_str()));
    assert_eq!(
        (asked[0].body.as_slice(), &asked[1].authorization),
        (&b"{}"[..], &None)
    );
}

#[test]
fn no_redirect_of_a_request_is_followed_and_reading_carries_no_key() {
    let elsewhere = Server::new(|_, _| plain(b"stolen"));
    let to = format!("{}/take?secret=1", elsewhere.base);
    let server = Server::new(move |_, _| Answer::redirect(&to));
    let error = service()
        .post(&server.base, Some(&key()), b"{}", 100)
        .unwrap_err();
    let FetchError::Elsewhere {
        status: 302, to, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(to, format!("{}/take", elsewhere.base));
    assert!(elsewhere.asked().is_empty());
    let read = service().get(&server.base, 100).unwrap();
    assert_eq!(read.body, b"stolen");
    assert_eq!(elsewhere.asked()[0].authorization, None);
}

#[test]
fn large_cut_and_slow_answers_end() {
    let announced = Server::new(|_, _| Answer {
        length: false,
        headers: vec![("Content-Length", (1u64 << 30).to_string())],
        ..plain(b"much")
    });
    let begin = Instant::now();
    let error = service()
        .post(&announced.base, None, b"", 1000)
        .unwrap_err();
    assert!(
        matches!(error, FetchError::TooLarge { found: Some(_), .. }),
        "{error}"
    );
    let endless = Server::new(|_, _| Answer {
        length: false,
        ..plain(&[0; 5000])
    });
    let error = service().post(&endless.base, None, b"", 1000).unwrap_err();
    assert!(
        matches!(error, FetchError::TooLarge { found: None, .. }),
        "{error}"
    );
    assert!(begin.elapsed() < Duration::from_millis(500));
    let cut = Server::new(|_, _| plain(b"half of it").stopped(4));
    let error = service().post(&cut.base, None, b"", 1000).unwrap_err();
    assert!(
        matches!(error, FetchError::Cut { received: 4, .. }) && error.may_pass(),
        "{error:?}"
    );
    // A byte now and then keeps a connection alive, and not the request.
    let drips = Server::new(|_, _| Answer {
        pause: Duration::from_millis(350),
        ..plain(b"drop")
    });
    let begin = Instant::now();
    let error = service().post(&drips.base, None, b"", 1000).unwrap_err();
    assert!(error.may_pass(), "{error:?}");
    assert!(begin.elapsed() < Duration::from_millis(1300));
}

#[test]
fn nothing_is_asked_offline_and_addresses_are_shown_without_their_query() {
    let server = Server::new(|_, _| plain(b"x"));
    let environment = Environment {
        offline: true,
        ..Environment::default()
    };
    let offline = Service::new(&environment, Patience::default(), Duration::from_secs(1));
    let address = format!("{}/x?sig=0123", server.base);
    for error in [
        offline.post(&address, None, b"", 9).unwrap_err(),
        offline.get(&address, 9).unwrap_err(),
        service()
            .get("http://127.0.0.1:1/x?sig=0123", 9)
            .unwrap_err(),
        service()
            .get("http://not an address/?sig=0123", 9)
            .unwrap_err(),
    ] {
        assert!(!format!("{error} {error:?}").contains("0123"), "{error:?}");
    }
    assert!(server.asked().is_empty());
}
