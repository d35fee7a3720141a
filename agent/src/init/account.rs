//! The sandbox's user in the image's list of users. Pure: the content of two files in, the lines to add out.

/// The files with users and groups.
#[derive(Debug)]
pub struct Accounts {
    /// `/etc/passwd`.
    pub passwd: String,
    /// `/etc/group`.
    pub group: String,
}

/// The user that there should be.
#[derive(Debug)]
pub struct Account<'a> {
    /// Its name, unless the image has another for the id.
    pub name: &'a str,
    /// Its id.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its home.
    pub home: &'a str,
}

impl Accounts {
    /// The user's name, and which line is to be added to which file so that the user and the group have one.
    pub fn complete(&self, account: &Account<'_>) -> (String, Vec<(&'static str, String)>) {
        let Account { name, uid, gid, home } = account;
        let mut additions = Vec::new();
        let user = if let Some(user) = name_of(&self.passwd, *uid) {
            user.to_owned()
        } else {
            let name = free_name(&self.passwd, name);
            let line = format!("{name}:x:{uid}:{gid}::{home}:/bin/sh\n");
            additions.push(("/etc/passwd", on_a_new_line(&self.passwd, line)));
            name
        };
        if name_of(&self.group, *gid).is_none() {
            let line = format!("{}:x:{gid}:\n", free_name(&self.group, name));
            additions.push(("/etc/group", on_a_new_line(&self.group, line)));
        }
        (user, additions)
    }
}

/// The name that belongs to an id; in both files the name is the first field and the id the third.
fn name_of(file: &str, id: u32) -> Option<&str> {
    file.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let found = fields.nth(1)?.parse::<u32>().ok()?;
        (found == id).then_some(name)
    })
}

/// The name, with an underscore for every time that it is taken already.
fn free_name(file: &str, name: &str) -> String {
    let is_taken = |name: &str| file.lines().any(|line| line.split(':').next() == Some(name));
    let mut free = name.to_owned();
    while is_taken(&free) {
        free.push('_');
    }
    free
}

fn on_a_new_line(file: &str, line: String) -> String {
    if file.is_empty() || file.ends_with('\n') { line } else { format!("\n{line}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Account<'_> = Account { name: "octobot", uid: 1000, gid: 1000, home: "/home/octobot" };

    #[track_caller]
    fn check(passwd: &str, group: &str, name: &str, additions: &[(&str, &str)]) {
        let accounts = Accounts { passwd: passwd.to_owned(), group: group.to_owned() };
        let (user, added) = accounts.complete(&WANTED);
        let added: Vec<_> = added.iter().map(|(file, line)| (*file, line.as_str())).collect();
        assert_eq!((user.as_str(), added.as_slice()), (name, additions));
    }

    const USER: (&str, &str) = ("/etc/passwd", "octobot:x:1000:1000::/home/octobot:/bin/sh\n");
    const GROUP: (&str, &str) = ("/etc/group", "octobot:x:1000:\n");

    #[test]
    fn an_image_without_the_user_gets_it() {
        check("root:x:0:0:root:/root:/bin/bash\n", "root:x:0:\n", "octobot", &[USER, GROUP]);
        check("", "", "octobot", &[USER, GROUP]);
    }

    #[test]
    fn an_image_that_has_the_id_keeps_its_name() {
        check("node:x:1000:1000::/home/node:/bin/bash\n", "node:x:1000:\n", "node", &[]);
        check("node:x:1000:20::/home/node:/bin/bash\n", "staff:x:20:\n", "node", &[GROUP]);
    }

    #[test]
    fn a_name_that_is_taken_and_a_file_without_a_last_line_end_do_no_harm() {
        let user = ("/etc/passwd", "\noctobot_:x:1000:1000::/home/octobot:/bin/sh\n");
        check("octobot:x:5:5::/:/bin/sh", "octobot:x:1000:\n", "octobot_", &[user]);
    }

    #[test]
    fn lines_that_are_no_entries_are_passed_over() {
        check("+::::::\nbroken\n:x:1000:1000\n", "+:::\n", "octobot", &[USER, GROUP]);
    }
}
