//! The Python environment that the program is installed in, as `pip install` of its wheel does.

use std::path::{Path, PathBuf};

/// The module folders of the Python environment that has `program` as a script: for `<prefix>/bin/storyeval` every
/// `<prefix>/lib/python3.*/site-packages` there is, the newest Python first. Nothing is run for that. Empty for a
/// program that lies elsewhere, such as in cargo's `target/release`.
pub(crate) fn sites(program: &Path) -> Vec<PathBuf> {
    // pipx links to the environment from a folder of links.
    let program = program.canonicalize().unwrap_or(program.to_owned());
    let Some((scripts, prefix)) = program
        .parent()
        .and_then(|scripts| Some((scripts.file_name()?, scripts.parent()?)))
    else {
        return Vec::new();
    };
    let mut found = if scripts == "bin" {
        of_unix(prefix)
    } else if scripts == "Scripts" {
        // A virtual environment of Windows, and its folder of a user's scripts.
        vec![
            prefix.join("Lib/site-packages"),
            prefix.join("site-packages"),
        ]
    } else {
        Vec::new()
    };
    found.retain(|site| site.is_dir());
    found
}

fn of_unix(prefix: &Path) -> Vec<PathBuf> {
    let mut pythons: Vec<(u32, PathBuf)> = ["lib", "lib64"]
        .iter()
        .filter_map(|lib| std::fs::read_dir(prefix.join(lib)).ok())
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.strip_prefix("python3")?;
            let minor = version.strip_prefix('.').unwrap_or("0").parse().ok()?;
            Some((minor, path))
        })
        .collect();
    // `lib64` of a virtual environment is a link to `lib`.
    pythons.sort_by(|(one, first), (other, second)| other.cmp(one).then(first.cmp(second)));
    pythons.dedup_by_key(|(_, path)| path.canonicalize().unwrap_or_else(|_| path.clone()));
    // Debian's own packages lie in `dist-packages`.
    let folders = ["site-packages", "dist-packages"];
    pythons
        .iter()
        .flat_map(|(_, python)| folders.map(|name| python.join(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn made(root: &Path, folders: &[&str]) {
        for folder in folders {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
    }

    #[test]
    fn the_environment_of_a_script_has_its_module_folders_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        made(
            &root,
            &[
                "env/bin",
                "env/lib/python3.9/site-packages",
                "env/lib/python3.11/site-packages",
                "env/lib/python3/dist-packages",
                "env/lib/python3.x/site-packages",
                "env/lib/node/site-packages",
                "win/Scripts",
                "win/Lib/site-packages",
                "target/release",
                "target/lib/python3.11/site-packages",
            ],
        );
        let found = |program: &str| {
            let sites = sites(&root.join(program));
            let below = sites.iter().map(|site| site.strip_prefix(&root).unwrap());
            below.map(Path::to_owned).collect::<Vec<_>>()
        };
        let expected = [
            "env/lib/python3.11/site-packages",
            "env/lib/python3.9/site-packages",
            "env/lib/python3/dist-packages",
        ];
        assert_eq!(found("env/bin/storyeval"), expected.map(PathBuf::from));
        assert_eq!(
            found("win/Scripts/storyeval.exe"),
            [PathBuf::from("win/Lib/site-packages")]
        );
        assert!(found("target/release/storyeval").is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_to_the_program_and_in_its_environment_are_followed_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        made(
            &root,
            &["env/bin", "env/lib/python3.12/site-packages", "links"],
        );
        fs::write(root.join("env/bin/storyeval"), "").unwrap();
        let link = root.join("links/storyeval");
        std::os::unix::fs::symlink(root.join("env/bin/storyeval"), &link).unwrap();
        assert_eq!(
            sites(&link),
            [root.join("env/lib/python3.12/site-packages")]
        );
    }
}
