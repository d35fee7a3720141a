//! What goes with a prompt: attached files, which are written where the agent finds them, and files of the workspace
//! that the prompt mentions.
//!
//! Attached files stand in the home folder, outside the workspace, so that no repository sees them. They are kept for as
//! long as the sandbox's data: a thread may come back to them.

mod mentions;

use std::ffi::OsStr;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use octobot_wire::TurnId;
use octobot_wire::tool::FileContent;

use crate::enclosures::mentions::mentioned;

/// Where attached files stand in the home folder, in a folder for each turn.
const FOLDER: &str = ".octobot/attachments";

/// Writes what goes with prompts.
#[derive(Debug, Clone)]
pub struct Enclosures {
    folder: PathBuf,
    workspace: PathBuf,
}

/// What goes with one prompt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enclosed {
    /// The folder with the attached files; none when there are none.
    pub folder: Option<PathBuf>,
    /// The attached files, in order.
    pub files: Vec<Attachment>,
    /// Files and folders of the workspace that the prompt mentions.
    pub mentions: Vec<PathBuf>,
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The file as it was sent.
    pub content: FileContent,
    /// Where it was written.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: usize,
}

/// Why a file couldn't be written.
#[derive(Debug, thiserror::Error)]
pub enum EnclosureError {
    /// Its bytes aren't Base64.
    #[error("the file {name:?} didn't arrive whole")]
    Encoding {
        /// The file's name.
        name: String,
    },
    /// The system refused.
    #[error("the file {name:?} can't be written: {source}")]
    Write {
        /// The file's name.
        name: String,
        /// Why.
        source: io::Error,
    },
}

impl Enclosures {
    /// For the sandbox with this home folder and workspace.
    pub fn new(home: &Path, workspace: PathBuf) -> Self {
        Self { folder: home.join(FOLDER), workspace }
    }

    /// Writes the files of a turn, and finds what its prompt mentions.
    pub async fn enclose(
        &self,
        turn_id: TurnId,
        prompt: &str,
        files: Vec<FileContent>,
    ) -> Result<Enclosed, EnclosureError> {
        let mentions = self.mentions(prompt);
        if files.is_empty() {
            return Ok(Enclosed { mentions, ..Enclosed::default() });
        }
        let folder = self.folder.join(turn_id.to_string());
        let written_to = folder.clone();
        let written = tokio::task::spawn_blocking(move || write_all(&written_to, files)).await;
        let files = written.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        Ok(Enclosed { folder: Some(folder), files, mentions })
    }

    fn mentions(&self, prompt: &str) -> Vec<PathBuf> {
        let paths = mentioned(prompt).into_iter().map(|path| self.workspace.join(path));
        paths.filter(|path| path.symlink_metadata().is_ok()).collect()
    }
}

fn write_all(folder: &Path, files: Vec<FileContent>) -> Result<Vec<Attachment>, EnclosureError> {
    let write = |(number, content): (usize, FileContent)| {
        let name = || content.name.clone();
        let data = BASE64_STANDARD.decode(&content.data).map_err(|_| EnclosureError::Encoding { name: name() })?;
        let path = folder.join(file_name(number, &content.name));
        write(folder, &path, &data).map_err(|source| EnclosureError::Write { name: name(), source })?;
        Ok(Attachment { path, bytes: data.len(), content })
    };
    // Two files may have the same name.
    let mut seen = Vec::new();
    let numbered = files.into_iter().map(|file| {
        let number = seen.iter().filter(|name| **name == file.name).count();
        seen.push(file.name.clone());
        (number, file)
    });
    numbered.map(write).collect()
}

/// The name of a file on the disk: nothing but a name, whatever it was sent with.
fn file_name(number: usize, name: &str) -> String {
    let name = Path::new(name).file_name().and_then(OsStr::to_str).unwrap_or("file");
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if number == 0 { name } else { format!("{}-{name}", number + 1) }
}

fn write(folder: &Path, path: &Path, data: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn_id() -> TurnId {
        "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap()
    }

    fn file(name: &str, data: &[u8]) -> FileContent {
        FileContent { name: name.to_owned(), media_type: "text/plain".to_owned(), data: BASE64_STANDARD.encode(data) }
    }

    fn names(enclosed: &Enclosed) -> Vec<&str> {
        enclosed.files.iter().map(|file| file.path.file_name().unwrap().to_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn files_are_written_in_a_folder_of_their_turn_and_nowhere_else() {
        let home = tempfile::tempdir().unwrap();
        let enclosures = Enclosures::new(home.path(), home.path().join("workspace"));
        let turn = turn_id();
        let files = vec![file("a.txt", b"one"), file("a.txt", b"two"), file("../../up\n.txt", b""), file("..", b"x")];
        let enclosed = enclosures.enclose(turn, "", files).await.unwrap();
        assert_eq!(names(&enclosed), ["a.txt", "2-a.txt", "up.txt", "file"]);
        let folder = enclosed.folder.unwrap();
        assert_eq!(folder, home.path().join(FOLDER).join(turn.to_string()));
        assert_eq!(std::fs::read(folder.join("2-a.txt")).unwrap(), b"two");
        assert!(enclosed.files.iter().all(|file| file.path.parent() == Some(folder.as_path())));
    }

    #[tokio::test]
    async fn what_cant_be_written_is_told_by_its_name() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(".octobot"), "in the way").unwrap();
        let enclosures = Enclosures::new(home.path(), home.path().join("workspace"));
        let turn = turn_id();
        let refused = enclosures.enclose(turn, "", vec![file("a.txt", b"")]).await.unwrap_err();
        assert!(refused.to_string().contains("\"a.txt\" can't be written"), "{refused}");
        let garbled = FileContent { data: "%".to_owned(), ..file("b.txt", b"") };
        let refused = enclosures.enclose(turn, "", vec![garbled]).await.unwrap_err();
        assert!(matches!(refused, EnclosureError::Encoding { .. }), "{refused}");
    }

    #[tokio::test]
    async fn only_mentions_of_what_is_there_count() {
        let home = tempfile::tempdir().unwrap();
        let workspace = home.path().join("workspace");
        std::fs::create_dir_all(workspace.join("src")).unwrap();
        std::fs::write(workspace.join("src/main.rs"), "").unwrap();
        let enclosures = Enclosures::new(home.path(), workspace.clone());
        let turn = turn_id();
        let enclosed = enclosures.enclose(turn, "see @src/main.rs, @src and @lost", Vec::new()).await.unwrap();
        assert_eq!(enclosed.mentions, [workspace.join("src/main.rs"), workspace.join("src")]);
        assert_eq!(enclosed.folder, None);
    }
}
