//! The shell's files: written before a script runs, and the state taken over when it has ended.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

use crate::environment::Environment;
use crate::shell::script::{COMPLETE, Files, Kind};

/// Makes the folder and the files that are the same for every script.
pub fn prepare(files: &Files, kind: Kind, environment: &Environment) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(&files.folder)?;
    write_anew(&files.start, &kind.start(files))?;
    write_anew(&files.save, &kind.save(files, environment))
}

/// Writes the user's script.
pub fn write_script(files: &Files, script: &str) -> io::Result<()> {
    write_anew(&files.script, script)
}

/// Takes over the state that the script has left, if it is complete; else the former one stays.
pub fn take_over(files: &Files) -> io::Result<()> {
    match fs::read(&files.new_state) {
        Ok(state) if state.ends_with(COMPLETE.as_bytes()) => fs::rename(&files.new_state, &files.state),
        Ok(_) => fs::remove_file(&files.new_state),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes a file that wasn't there before, so that a process that still reads the former one isn't confused.
fn write_anew(path: &str, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}
