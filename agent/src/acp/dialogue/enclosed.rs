//! What goes with a prompt, in the protocol's words: of each file what the agent can take, at least a link, which every
//! agent has to understand.

use agent_client_protocol_schema::v1 as acp;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::enclosures::{Attachment, Enclosed};

/// A longer text is linked: the agent reads of it what it needs.
const MAX_EMBEDDED_BYTES: usize = 32 * 1024;

/// The blocks for all that goes with a prompt.
pub(super) fn blocks(
    enclosed: &Enclosed,
    capabilities: &acp::PromptCapabilities,
) -> impl Iterator<Item = acp::ContentBlock> {
    let files = enclosed.files.iter().map(|file| block(file, capabilities));
    let mentions = enclosed.mentions.iter().map(|path| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        acp::ContentBlock::ResourceLink(acp::ResourceLink::new(name, uri(path)))
    });
    files.chain(mentions)
}

fn block(file: &Attachment, capabilities: &acp::PromptCapabilities) -> acp::ContentBlock {
    let Attachment { content, path, bytes } = file;
    if content.media_type.starts_with("image/") && capabilities.image {
        let image = acp::ImageContent::new(content.data.as_str(), content.media_type.as_str()).uri(uri(path));
        return acp::ContentBlock::Image(image);
    }
    if capabilities.embedded_context
        && *bytes <= MAX_EMBEDDED_BYTES
        && let Some(text) = text(file)
    {
        let text = acp::TextResourceContents::new(text, uri(path)).mime_type(content.media_type.clone());
        let resource = acp::EmbeddedResourceResource::TextResourceContents(text);
        return acp::ContentBlock::Resource(acp::EmbeddedResource::new(resource));
    }
    let link = acp::ResourceLink::new(content.name.as_str(), uri(path)).mime_type(content.media_type.clone());
    acp::ContentBlock::ResourceLink(link.size(i64::try_from(*bytes).ok()))
}

fn text(file: &Attachment) -> Option<String> {
    let text = String::from_utf8(BASE64_STANDARD.decode(&file.content.data).ok()?).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// A path as a `file:` URI (RFC 8089).
fn uri(path: &std::path::Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let mut uri = "file://".to_owned();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("writing to a string can't fail");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use octobot_wire::tool::FileContent;
    use serde_json::{Value, json};

    use super::*;

    fn file(name: &str, media_type: &str, data: &[u8]) -> Attachment {
        let content = FileContent {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            data: BASE64_STANDARD.encode(data),
        };
        Attachment { content, path: PathBuf::from("/h").join(name), bytes: data.len() }
    }

    fn told(enclosed: &Enclosed, capabilities: &acp::PromptCapabilities) -> Vec<Value> {
        blocks(enclosed, capabilities).map(|block| serde_json::to_value(block).unwrap()).collect()
    }

    #[test]
    fn an_agent_gets_of_each_file_what_it_can_take() {
        let enclosed = Enclosed {
            files: vec![
                file("a.png", "image/png", b"png"),
                file("ä b.txt", "text/plain", b"hello"),
                file("long.txt", "text/plain", &[b'x'; MAX_EMBEDDED_BYTES + 1]),
                file("b.bin", "application/octet-stream", b"\0\xff"),
            ],
            mentions: vec![PathBuf::from("/w/src/main.rs")],
            folder: Some(PathBuf::from("/h")),
        };
        let all = acp::PromptCapabilities::new().image(true).embedded_context(true);
        let blocks = told(&enclosed, &all);
        let kinds: Vec<_> = blocks.iter().map(|block| block["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["image", "resource", "resource_link", "resource_link", "resource_link"]);
        assert_eq!((&blocks[0]["data"], &blocks[0]["uri"]), (&json!("cG5n"), &json!("file:///h/a.png")));
        let text = &blocks[1]["resource"];
        assert_eq!((&text["text"], &text["uri"]), (&json!("hello"), &json!("file:///h/%C3%A4%20b.txt")));
        assert_eq!((&blocks[3]["name"], &blocks[3]["size"]), (&json!("b.bin"), &json!(2)));
        assert_eq!((&blocks[4]["name"], &blocks[4]["uri"]), (&json!("main.rs"), &json!("file:///w/src/main.rs")));

        let blocks = told(&enclosed, &acp::PromptCapabilities::new());
        assert!(blocks.iter().all(|block| block["type"] == "resource_link"), "{blocks:?}");
        assert_eq!(blocks[0]["uri"], "file:///h/a.png");
    }
}
