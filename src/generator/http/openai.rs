//! OpenAI's `images/generations`, and the many servers that speak like it.

use super::dialect::{Answer, Ask, Content, Request, Speak, bytes, json, no_answer, words};
use super::fault::ServiceFault;
use crate::card::{HttpCard, PromptTemplate, Rendered};
use crate::fetch::Reply;
use serde_json::{Map, Value};

/// Codes of a refusal: of DALL-E, and of GPT-image.
const REFUSALS: [&str; 2] = ["content_policy_violation", "moderation_blocked"];

pub(super) struct Openai {
    address: String,
    /// Every field but the prompt.
    fields: Map<String, Value>,
    prompt: Option<PromptTemplate>,
}

impl Openai {
    pub(super) fn new(card: &HttpCard) -> Self {
        let mut fields = Map::new();
        let texts = [
            ("model", &card.model),
            ("size", &card.size),
            ("quality", &card.quality),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                fields.insert(name.to_owned(), text.as_str().into());
            }
        }
        if let Some(format) = card.response_format {
            let format = serde_json::to_value(format).unwrap_or_default();
            fields.insert("response_format".to_owned(), format);
        }
        fields.insert("n".to_owned(), 1.into());
        fields.extend(card.parameters.clone());
        Self {
            address: format!("{}/images/generations", card.base.trim_end_matches('/')),
            fields,
            prompt: card.prompt.clone(),
        }
    }
}

impl Speak for Openai {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn request(&self, ask: &Ask<'_>) -> Result<Request, ServiceFault> {
        // A card without a template is refused when it is read.
        let rendered = self.prompt.as_ref().map_or_else(
            || Rendered {
                text: String::new(),
                left_out: 0,
            },
            |template| template.render(ask.captions, ask.frames),
        );
        let longest = self.prompt.as_ref().and_then(|template| template.longest);
        let characters = rendered.text.chars().count();
        if let Some(longest) = longest.filter(|longest| characters > longest.get()) {
            return Err(ServiceFault::PromptTooLong {
                characters,
                longest: longest.get(),
            });
        }
        let mut body = self.fields.clone();
        body.insert("prompt".to_owned(), rendered.text.into());
        let left_out = rendered.left_out;
        Ok(Request {
            body: Value::Object(body),
            note: (left_out > 0)
                .then(|| format!("the oldest {left_out} captions had no room in the prompt")),
        })
    }

    fn answer(&self, reply: &Reply) -> Result<Answer, ServiceFault> {
        let value = json(&self.address, &reply.body)?;
        let Some(image) = value.pointer("/data/0") else {
            return Err(no_answer(&self.address, "it has no `data[0]`"));
        };
        let text = |name: &str| image.get(name).and_then(Value::as_str);
        let content = match (text("b64_json"), text("url")) {
            (Some(data), _) => Content::Image(bytes(&self.address, data)?),
            (None, Some(link)) => Content::Link(link.to_owned()),
            (None, None) => {
                return Err(no_answer(
                    &self.address,
                    "it has neither `b64_json` nor `url`",
                ));
            }
        };
        Ok(Answer {
            content,
            note: text("revised_prompt").map(|prompt| format!("prompt as revised: {prompt}")),
        })
    }

    fn refusal(&self, reply: &Reply) -> Option<String> {
        let value: Value = serde_json::from_slice(&reply.body).ok()?;
        let code = value.pointer("/error/code")?.as_str()?;
        REFUSALS.contains(&code).then(|| words(reply))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{GeneratorKind, model};
    use crate::record::StoryId;

    fn dalle() -> Openai {
        let card = model("dalle-3").unwrap();
        assert_eq!(card.generator, GeneratorKind::Http);
        Openai::new(&card.http.unwrap())
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            kind: None,
            wait: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_request_has_the_fields_of_the_card_and_the_story_so_far() {
        let story = StoryId::new("s");
        let ask = |captions| Ask {
            story: &story,
            seed: 1,
            captions,
            frames: 2,
            earlier: &[],
        };
        let dalle = dalle();
        assert_eq!(
            dalle.address(),
            "https://api.openai.com/v1/images/generations"
        );
        let first = dalle.request(&ask(&["Fred walks."])).unwrap().body;
        for (name, value) in [
            ("model", "dall-e-3"),
            ("size", "1024x1024"),
            ("response_format", "b64_json"),
        ] {
            assert_eq!(first[name], value, "{first}");
        }
        assert_eq!(first["n"], 1);
        assert!(first["prompt"].as_str().unwrap().contains("Fred walks."));
        let second = dalle
            .request(&ask(&["Fred walks.", "He sits."]))
            .unwrap()
            .body;
        let prompt = second["prompt"].as_str().unwrap();
        assert!(
            prompt.find("Fred walks.") < prompt.find("He sits."),
            "{prompt}"
        );
        let long = "word ".repeat(1000);
        let alone = [long.as_str()];
        let error = dalle.request(&ask(&alone)).unwrap_err();
        assert!(matches!(
            error,
            ServiceFault::PromptTooLong { longest: 4000, .. }
        ));
        let both = [long.as_str(), "He sits."];
        let kept = dalle.request(&ask(&both)).unwrap();
        assert_eq!(
            kept.note.unwrap(),
            "the oldest 1 captions had no room in the prompt"
        );
    }

    #[test]
    fn answers_are_images_links_refusals_or_not_understood() {
        let dalle = dalle();
        let found = dalle
            .answer(&reply(
                200,
                r#"{"data":[{"b64_json":"AQID","revised_prompt":"a man"}]}"#,
            ))
            .unwrap();
        assert_eq!(found.content, Content::Image(vec![1, 2, 3]));
        assert_eq!(found.note.as_deref(), Some("prompt as revised: a man"));
        let link = dalle
            .answer(&reply(200, r#"{"data":[{"url":"https://h/x"}]}"#))
            .unwrap();
        assert_eq!(link.content, Content::Link("https://h/x".to_owned()));
        for (body, cut) in [
            (r#"{"data":[{"b64_json":"AQ"#, true),
            ("<html>", false),
            ("{}", false),
            (r#"{"data":[{}]}"#, false),
            (r#"{"data":[{"b64_json":"*"}]}"#, false),
        ] {
            let error = dalle.answer(&reply(200, body)).unwrap_err();
            assert_eq!(error.may_pass(), cut, "{error}");
        }
        let policy = r#"{"error":{"code":"content_policy_violation","message":"Your request\nwas rejected."}}"#;
        assert_eq!(
            dalle.refusal(&reply(400, policy)).unwrap(),
            "Your request was rejected."
        );
        let other = r#"{"error":{"code":"invalid_size","message":"size"}}"#;
        assert_eq!(dalle.refusal(&reply(400, other)), None);
        assert_eq!(dalle.refusal(&reply(400, "policy")), None);
    }
}
