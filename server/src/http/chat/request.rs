//! What an AI SDK client sends, and what it wants by it. Only the last message counts: the rest of the conversation is
//! the agent's own memory.

use octobot_wire::TurnId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::approval::{ApprovalId, InvalidApprovalId};
use super::data_url::{self, InvalidDataUrl};
use crate::services::{Decision, Upload};

/// What `useChat` sends. Fields that aren't named here are ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatRequest {
    /// The conversation as the client has it, of which the last message counts. One message is enough.
    #[serde(default)]
    messages: Vec<UiMessage>,
    /// That message alone, instead of `messages`.
    message: Option<UiMessage>,
    /// The message with the answers to requests for permission, where it isn't the last one.
    message_id: Option<String>,
    /// Why it is sent.
    #[serde(default)]
    trigger: Trigger,
}

/// Why a client sends something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Trigger {
    /// There is a new message.
    #[default]
    SubmitMessage,
    /// The last prompt is to be sent once more.
    RegenerateMessage,
}

/// A message.
#[derive(Debug, Deserialize, ToSchema)]
struct UiMessage {
    /// The client's id of it.
    #[serde(default)]
    id: String,
    /// Who speaks.
    role: UiRole,
    /// What is said.
    parts: Vec<UiPart>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum UiRole {
    System,
    User,
    Assistant,
}

/// A part of a message, as far as it matters here.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UiPart {
    /// Its kind: `text`, `file`, `dynamic-tool` …
    r#type: String,
    /// What a text says.
    text: Option<String>,
    /// A file's content, as a `data:` URL.
    url: Option<String>,
    /// A file's name.
    filename: Option<String>,
    /// What a file is, as the client says.
    media_type: Option<String>,
    /// Where a tool call stands.
    state: Option<String>,
    /// A tool call's request for permission.
    approval: Option<UiApproval>,
}

/// A request for permission and its answer.
#[derive(Debug, Deserialize, ToSchema)]
struct UiApproval {
    /// The request, as the stream named it.
    id: String,
    /// The answer.
    approved: Option<bool>,
    /// The id of one of the options that the request offers, to choose that one.
    reason: Option<String>,
}

/// What a client wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// A turn with this prompt.
    Prompt {
        /// What it says.
        text: String,
        /// The files that go with it.
        files: Vec<Upload>,
    },
    /// That a turn goes on with these answers, each with the number of its request.
    Answers {
        /// The turn.
        turn: TurnId,
        /// The answers; at least one.
        decisions: Vec<(u32, Decision)>,
    },
}

/// Why a request can't be understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidRequest {
    /// Nothing was sent.
    #[error("Send a message of the user.")]
    Empty,
    /// The last message is the agent's, and answers nothing.
    #[error("The last message is neither one of the user nor one with answers to requests for permission.")]
    NothingToDo,
    /// A file whose content isn't there.
    #[error("The file {name} {source}")]
    File {
        /// Its name.
        name: String,
        /// What is wrong with its address.
        source: InvalidDataUrl,
    },
    /// An answer to what nobody asked.
    #[error("There is {0}.")]
    Approval(#[from] InvalidApprovalId),
    /// Answers to requests of several turns.
    #[error("The answers belong to several turns; send those of one.")]
    SeveralTurns,
}

impl ChatRequest {
    /// What the client wants.
    pub(super) fn wish(&self) -> Result<Wish, InvalidRequest> {
        let message = self.message().ok_or(InvalidRequest::Empty)?;
        match (message.role, self.trigger) {
            (UiRole::User, _) => message.prompt(),
            (UiRole::Assistant, Trigger::SubmitMessage) => message.answers(),
            (UiRole::Assistant, Trigger::RegenerateMessage) | (UiRole::System, _) => Err(InvalidRequest::NothingToDo),
        }
    }

    /// The message that counts: the agent's where the client names one of them, else the last.
    fn message(&self) -> Option<&UiMessage> {
        let is_named =
            |message: &&UiMessage| message.role == UiRole::Assistant && Some(&message.id) == self.message_id.as_ref();
        self.messages.iter().rfind(is_named).or(self.message.as_ref()).or(self.messages.last())
    }
}

impl UiMessage {
    fn prompt(&self) -> Result<Wish, InvalidRequest> {
        let texts = self.parts.iter().filter(|part| part.r#type == "text");
        let texts: Vec<_> = texts.filter_map(|part| part.text.as_deref()).collect();
        let files = self.parts.iter().filter(|part| part.r#type == "file");
        let files = files.map(UiPart::upload).collect::<Result<_, _>>()?;
        Ok(Wish::Prompt { text: texts.join("\n\n"), files })
    }

    fn answers(&self) -> Result<Wish, InvalidRequest> {
        let mut turn = None;
        let mut decisions = Vec::new();
        for part in &self.parts {
            let Some(UiApproval { id, approved: Some(approved), reason }) = &part.approval else { continue };
            if part.state.as_deref() != Some("approval-responded") {
                continue;
            }
            let id: ApprovalId = id.parse()?;
            if *turn.get_or_insert(id.turn) != id.turn {
                return Err(InvalidRequest::SeveralTurns);
            }
            decisions.push((id.number, Decision { approved: *approved, option: reason.clone() }));
        }
        turn.map(|turn| Wish::Answers { turn, decisions }).ok_or(InvalidRequest::NothingToDo)
    }
}

impl UiPart {
    /// The file that the part is.
    fn upload(&self) -> Result<Upload, InvalidRequest> {
        let name = self.filename.clone().unwrap_or_default();
        let content = data_url::read(self.url.as_deref().unwrap_or_default());
        let (said, data) = content.map_err(|source| InvalidRequest::File { name: name.clone(), source })?;
        Ok(Upload { name, media_type: self.media_type.clone().unwrap_or(said), data })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wish(body: Value) -> Result<Wish, InvalidRequest> {
        serde_json::from_value::<ChatRequest>(body).unwrap().wish()
    }

    fn user(parts: &Value) -> Value {
        json!({ "id": "u2", "role": "user", "parts": parts, "metadata": { "any": 1 } })
    }

    /// The message with the answer to a request, as the SDK leaves it.
    fn answered(id: &str, approval: &str, approved: bool, reason: Option<&str>) -> Value {
        let mut answer = json!({ "id": approval, "approved": approved, "descriptor": { "options": [] } });
        answer["reason"] = reason.map_or(Value::Null, Value::from);
        json!({ "id": id, "role": "assistant", "parts": [
            { "type": "step-start" },
            { "type": "text", "text": "I write.", "state": "done" },
            { "type": "dynamic-tool", "toolName": "edit", "toolCallId": "c", "state": "approval-responded",
              "input": {}, "approval": answer },
        ] })
    }

    const REQUEST: &str = "00000000-0000-0000-0000-000000000007:3";

    fn said(text: &str) -> Wish {
        Wish::Prompt { text: text.to_owned(), files: Vec::new() }
    }

    #[test]
    fn the_last_message_of_the_user_is_the_prompt() {
        let last = user(&json!([{ "type": "text", "text": "list" }, { "type": "text", "text": "the files" }]));
        let first = json!({ "id": "u1", "role": "user", "parts": [{ "type": "text", "text": "hello" }] });
        let body = json!({
            "id": "chat", "messages": [first, { "id": "a", "role": "assistant", "parts": [] }, last],
            "trigger": "submit-message",
        });
        assert_eq!(wish(body), Ok(said("list\n\nthe files")));
        let again = json!({ "messages": [first], "trigger": "regenerate-message", "messageId": "a" });
        assert_eq!(wish(again), Ok(said("hello")));
        assert_eq!(wish(json!({ "message": first })), Ok(said("hello")));
    }

    #[test]
    fn files_go_with_the_prompt_whatever_else_the_conversation_has() {
        let file = |url: &str| json!({ "type": "file", "mediaType": "text/x-log", "filename": "a.log", "url": url });
        let earlier = user(&json!([file("https://example.com/a.log")]));
        let last = user(&json!([{ "type": "text", "text": "look" }, file("data:text/plain;base64,b25l"),
            { "type": "file", "url": "data:image/png;base64,AA==" }]));
        let upload = |name: &str, media_type: &str, data: &[u8]| Upload {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            data: data.to_vec(),
        };
        let files = vec![upload("a.log", "text/x-log", b"one"), upload("", "image/png", b"\0")];
        assert_eq!(wish(json!({ "messages": [earlier, last] })), Ok(Wish::Prompt { text: "look".to_owned(), files }));
        let refused = wish(json!({ "messages": [earlier] }));
        let name = "a.log".to_owned();
        assert_eq!(refused, Err(InvalidRequest::File { name, source: InvalidDataUrl::Elsewhere }));
    }

    #[test]
    fn an_answered_request_lets_its_turn_go_on() {
        let turn = TurnId::new(uuid::Uuid::from_u128(7));
        let decision = |approved, option: Option<&str>| {
            let decision = Decision { approved, option: option.map(str::to_owned) };
            Ok(Wish::Answers { turn, decisions: vec![(3, decision)] })
        };
        let body = json!({ "messages": [answered("a", REQUEST, true, None)], "messageId": "a" });
        assert_eq!(wish(body), decision(true, None));
        // The answers may stand in an earlier message, which is named then.
        let later = user(&json!([{ "type": "text", "text": "and?" }]));
        let earlier = answered("a", REQUEST, false, Some("never"));
        let body = json!({ "messages": [earlier, later], "messageId": "a" });
        assert_eq!(wish(body), decision(false, Some("never")));
    }

    #[test]
    fn what_is_nothing_to_do_is_refused() {
        let refused = [
            (json!({ "messages": [] }), InvalidRequest::Empty),
            (json!({ "messages": [{ "role": "assistant", "parts": [] }] }), InvalidRequest::NothingToDo),
            (
                json!({ "messages": [answered("a", REQUEST, true, None)], "trigger": "regenerate-message" }),
                InvalidRequest::NothingToDo,
            ),
        ];
        for (body, error) in refused {
            assert_eq!(wish(body), Err(error));
        }
        let unknown = wish(json!({ "messages": [answered("a", "other", true, None)] }));
        assert!(matches!(unknown, Err(InvalidRequest::Approval(_))), "{unknown:?}");
        let mut both = answered("a", REQUEST, true, None);
        let other = answered("a", "00000000-0000-0000-0000-000000000008:3", true, None);
        both["parts"].as_array_mut().unwrap().push(other["parts"][2].clone());
        assert_eq!(wish(json!({ "messages": [both] })), Err(InvalidRequest::SeveralTurns));
    }
}
