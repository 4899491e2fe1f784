//! The plain schema, for servers of one's own: `docs/schemas/http-generator.schema.json`.

use super::dialect::{Answer, Ask, Content, Request, Speak, bytes, json, no_answer};
use super::fault::ServiceFault;
use crate::card::HttpCard;
use crate::fetch::Reply;
use crate::vision::encode_png;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Version of the schema.
pub(super) const PROTOCOL: u32 = 1;

/// What is sent.
#[derive(Serialize)]
struct Body<'a> {
    protocol: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    story: &'a str,
    seed: u64,
    frame: usize,
    frames: usize,
    captions: &'a [&'a str],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Earlier>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: &'a BTreeMap<String, Value>,
}

/// A frame that is there.
#[derive(Serialize)]
struct Earlier {
    frame: usize,
    png: String,
}

pub(super) struct Plain {
    address: String,
    model: Option<String>,
    parameters: BTreeMap<String, Value>,
}

impl Plain {
    pub(super) fn new(card: &HttpCard) -> Self {
        Self {
            address: card.base.clone(),
            model: card.model.clone(),
            parameters: card.parameters.clone(),
        }
    }
}

impl Speak for Plain {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn request(&self, ask: &Ask<'_>) -> Result<Request, ServiceFault> {
        let earlier = ask.earlier.iter().map(|(frame, image)| {
            let png = encode_png(image).map_err(|source| ServiceFault::Earlier {
                frame: *frame,
                source,
            })?;
            Ok(Earlier {
                frame: *frame,
                png: base64::encode(png),
            })
        });
        let body = Body {
            protocol: PROTOCOL,
            model: self.model.as_deref(),
            story: ask.story.as_str(),
            seed: ask.seed,
            frame: ask.captions.len(),
            frames: ask.frames,
            captions: ask.captions,
            earlier: earlier.collect::<Result<_, ServiceFault>>()?,
            parameters: &self.parameters,
        };
        Ok(Request {
            body: serde_json::to_value(&body).unwrap_or_default(),
            note: None,
        })
    }

    fn answer(&self, reply: &Reply) -> Result<Answer, ServiceFault> {
        let is_image = |kind: &String| kind.trim_start().to_ascii_lowercase().starts_with("image/");
        if reply.kind.as_ref().is_some_and(is_image) {
            return Ok(Answer {
                content: Content::Image(reply.body.clone()),
                note: None,
            });
        }
        let value = json(&self.address, &reply.body)?;
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let content = match (text("image"), text("refused")) {
            (Some(data), None) => Content::Image(bytes(&self.address, data)?),
            (None, Some(why)) => Content::Refused(why.to_owned()),
            (Some(_), Some(_)) => {
                return Err(no_answer(
                    &self.address,
                    "it has both `image` and `refused`",
                ));
            }
            (None, None) => {
                return Err(no_answer(
                    &self.address,
                    "it has neither `image` nor `refused`",
                ));
            }
        };
        Ok(Answer {
            content,
            note: text("note").map(str::to_owned),
        })
    }

    fn refusal(&self, reply: &Reply) -> Option<String> {
        if reply.status >= 500 {
            return None;
        }
        let value: Value = serde_json::from_slice(&reply.body).ok()?;
        Some(value.get("refused")?.as_str()?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::StoryId;
    use image::RgbImage;

    const SCHEMA: &str = include_str!("../../../docs/schemas/http-generator.schema.json");

    fn names(value: &Value, pointer: &str) -> Vec<String> {
        match value.pointer(pointer) {
            Some(Value::Object(fields)) => fields.keys().cloned().collect(),
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(|it| it.as_str().map(str::to_owned))
                .collect(),
            other => panic!("{pointer}: {other:?}"),
        }
    }

    #[test]
    fn a_request_has_the_fields_of_the_schema() {
        let mut card = HttpCard::of_address("http://127.0.0.1:1/draw");
        card.model = Some("mine".to_owned());
        card.parameters.insert("steps".to_owned(), 20.into());
        let (story, image) = (StoryId::new("s/1"), RgbImage::new(2, 2));
        let ask = Ask {
            story: &story,
            seed: 7,
            captions: &["Otto walks.", "He sits."],
            frames: 4,
            earlier: &[(1, &image)],
        };
        let body = Plain::new(&card).request(&ask).unwrap().body;
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let mut known = names(&schema, "/$defs/request/properties");
        let mut sent = names(&body, "");
        known.sort();
        sent.sort();
        assert_eq!(sent, known);
        for required in names(&schema, "/$defs/request/required") {
            assert!(body.get(&required).is_some(), "{required}");
        }
        assert_eq!(
            schema["$defs"]["request"]["properties"]["protocol"]["const"],
            PROTOCOL
        );
        assert_eq!(
            (&body["frame"], &body["captions"][1]),
            (&2.into(), &"He sits.".into())
        );
        let png = base64::decode(body["earlier"][0]["png"].as_str().unwrap()).unwrap();
        assert_eq!(png, encode_png(&image).unwrap());
    }

    #[test]
    fn answers_are_images_refusals_or_not_understood() {
        let plain = Plain::new(&HttpCard::of_address("http://127.0.0.1:1/draw"));
        let reply = |status, kind: Option<&str>, body: &str| Reply {
            status,
            kind: kind.map(str::to_owned),
            wait: None,
            body: body.as_bytes().to_vec(),
        };
        let content = |kind, body| plain.answer(&reply(200, kind, body)).map(|it| it.content);
        let image = Content::Image(vec![1, 2, 3]);
        assert_eq!(content(None, r#"{"image":"AQID"}"#).unwrap(), image);
        let data = r#"{"image":"data:image/png;base64,AQID"}"#;
        assert_eq!(content(None, data).unwrap(), image);
        let raw = content(Some("image/webp"), "RIFF").unwrap();
        assert_eq!(raw, Content::Image(b"RIFF".to_vec()));
        let refused = content(Some("application/json"), r#"{"refused":"no"}"#).unwrap();
        assert_eq!(refused, Content::Refused("no".to_owned()));
        for body in [r#"{"image":"AQID","refused":"no"}"#, "{}", "[]", "nothing"] {
            content(None, body).unwrap_err();
        }
        let of = |status| plain.refusal(&reply(status, None, r#"{"refused":"no"}"#));
        assert_eq!((of(422).as_deref(), of(500)), (Some("no"), None));
    }
}
