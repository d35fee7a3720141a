//! The sandbox's `/etc`: made new, with the host's files where programs need them and no others. Passwords, private
//! keys, and configuration that may hold either stay out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Item, Kind, Use, tree};
use crate::sandbox::local::protocol::{SetupError, Step};

const ETC: &str = "/etc";

/// Files that are copied where the host has them.
const FILES: [&str; 22] = [
    "bash.bashrc",
    "debian_version",
    "gai.conf",
    "host.conf",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "locale.alias",
    "locale.conf",
    "localtime",
    "login.defs",
    "lsb-release",
    "magic",
    "mime.types",
    "netconfig",
    "networks",
    "nsswitch.conf",
    "os-release",
    "protocols",
    "rpc",
    "services",
    "ssl/openssl.cnf",
];

/// Directories that are shown where the host has them.
const FOLDERS: [&str; 14] = [
    "alternatives",
    "bash_completion.d",
    "ca-certificates",
    "crypto-policies",
    "fonts",
    "java",
    "ld.so.conf.d",
    "perl",
    "pki/ca-trust",
    "pki/tls/certs",
    "python3",
    "ssl/certs",
    "terminfo",
    "vim",
];

/// The one host name that the sandbox has.
const HOST_NAME: &str = "octobot";

/// Packs `/etc`.
pub(super) fn pack() -> Result<Vec<Item>, SetupError> {
    let mut items = vec![
        text("passwd", passwd()),
        text("group", "root:x:0:\noctobot:x:1000:\nnogroup:x:65534:\n".to_owned()),
        text("hostname", format!("{HOST_NAME}\n")),
        text("hosts", format!("127.0.0.1 localhost {HOST_NAME}\n::1 localhost ip6-localhost ip6-loopback\n")),
        // Names of the host's own are known to the proxy, which resolves them.
        text("resolv.conf", format!("nameserver {}\n", octobot_inlet::DNS.ip())),
        text("shells", "/bin/sh\n/bin/bash\n".to_owned()),
        Item { at: Path::new(ETC).join("mtab"), kind: Kind::Link("../proc/self/mounts".into()) },
    ];
    for name in FILES {
        items.extend(file(name)?);
    }
    for name in FOLDERS.iter().map(PathBuf::from).chain(versioned()) {
        let path = Path::new(ETC).join(name);
        if path.is_dir() {
            items.push(tree(&path, &path, Use::Read)?);
        }
    }
    Ok(items)
}

fn passwd() -> String {
    let shell = if Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" };
    format!(
        "root:x:0:0:root:/root:/bin/sh\n\
         octobot:x:1000:1000:Octobot:/home/octobot:{shell}\n\
         nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
    )
}

fn text(name: &str, content: String) -> Item {
    Item { at: Path::new(ETC).join(name), kind: Kind::Text(content.into_bytes()) }
}

/// A host's file: a link where its content is in `/usr` anyway, since the link's target can mean something (the time
/// zone's name does), else a copy.
fn file(name: &str) -> Result<Option<Item>, SetupError> {
    let at = Path::new(ETC).join(name);
    let kind = match fs::canonicalize(&at) {
        Ok(target) if target.starts_with("/usr") => Kind::Link(target),
        Ok(target) => match fs::read(target) {
            Ok(content) => Kind::Text(content),
            // What the server's user may not read, the sandbox's user may not either.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
            Err(error) => return Err(SetupError::about(Step::Grab, at.display())(error)),
        },
        Err(_) => return Ok(None),
    };
    Ok(Some(Item { at, kind }))
}

/// Directories that carry a version in their name: those of Java and Python.
fn versioned() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(ETC).into_iter().flatten().filter_map(Result::ok);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with("java-") || name.starts_with("python3.")).map(PathBuf::from)
}
