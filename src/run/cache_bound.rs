//! How much the caches of real frames may take, and who may remove what when.
//!
//! Caches are used by several processes at once, and any of them may find that there is too much. So
//! whoever adds or removes files takes a turn (an exclusive lock on one file in the root), and whoever
//! has a cache open holds a shared lock on a file in it: a cache in use is never removed. Locks go with
//! the process that held them. Where the file system has no locks nothing is removed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bytes that all caches together may take. One look of every network at the 11,545 test frames of
/// FlintstonesSV takes about 0.4 GB.
pub const MOST_CACHED: u64 = 4 << 30;

/// What a cache's folder has in it besides segments.
pub(super) const ABOUT: &str = "key.txt";
pub(super) const SEGMENT: &str = "seg";
const IN_USE: &str = "in-use";
/// In the root.
const TURN: &str = ".turn";

/// The right to add and remove files below a root, until it is dropped.
pub(super) struct Turn(#[expect(dead_code, reason = "held for its lock")] Option<File>);

impl Turn {
    /// Waits for the others.
    pub(super) fn take(root: &Path) -> Self {
        let file = open(&root.join(TURN));
        Self(file.and_then(|file| file.lock().map(|()| file)).ok())
    }
}

/// Says that the cache in `folder` is used now, and keeps it from being removed while the file is open.
pub(super) fn use_now(folder: &Path) -> Option<File> {
    let file = open(&folder.join(IN_USE)).ok()?;
    file.lock_shared().ok()?;
    // Only which caches go first depends on it.
    let _ = file.set_modified(SystemTime::now());
    Some(file)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).open(path)
}

/// A cache on the disk.
struct Kept {
    folder: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// Bytes that the caches below `root` take together; 0 where there are none.
#[must_use]
pub fn cached_bytes(root: &Path) -> u64 {
    kept(root).iter().map(|cache| cache.bytes).sum()
}

/// Removes the caches that were not used for longest, until all together take at most `most` bytes. Those
/// in use stay, also where they alone are more. To be called in a [`Turn`].
pub(super) fn prune(root: &Path, most: u64) {
    let mut caches = kept(root);
    let mut bytes: u64 = caches.iter().map(|cache| cache.bytes).sum();
    caches.sort_by_key(|cache| cache.used);
    for cache in caches {
        if bytes <= most {
            return;
        }
        // What cannot be removed is no reason not to score.
        if remove(&cache.folder).unwrap_or(false) {
            bytes -= cache.bytes;
        }
    }
}

/// The caches below `root`. Everything else that lies there is not ours.
fn kept(root: &Path) -> Vec<Kept> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let caches = entries.filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_str()?;
        let named = name.len() == 32 && name.bytes().all(|it| it.is_ascii_hexdigit());
        if !named || !entry.file_type().ok()?.is_dir() {
            return None;
        }
        let folder = entry.path();
        let about = fs::metadata(folder.join(ABOUT)).ok()?;
        // Caches of versions that kept no such file were used when they were made, or since.
        let used = fs::metadata(folder.join(IN_USE))
            .unwrap_or(about)
            .modified();
        let files = fs::read_dir(&folder).into_iter().flatten().flatten();
        Some(Kept {
            bytes: files
                .filter_map(|file| Some(file.metadata().ok()?.len()))
                .sum(),
            used: used.unwrap_or(SystemTime::UNIX_EPOCH),
            folder,
        })
    });
    caches.collect()
}

/// Removes a cache that no process uses; whether it is gone. Files that are not a cache's stay, and so does
/// their folder.
fn remove(folder: &Path) -> io::Result<bool> {
    let in_use = open(&folder.join(IN_USE))?;
    if in_use.try_lock().is_err() {
        return Ok(false);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Segments that a killed process did not finish are `.NAME.seg.part`.
        let parts = [".seg.part", ".txt.part"];
        let ours = path.extension().is_some_and(|ending| ending == SEGMENT)
            || parts.iter().any(|ending| name.ends_with(ending));
        if ours {
            fs::remove_file(&path)?;
        }
    }
    fs::remove_file(folder.join(ABOUT))?;
    fs::remove_file(folder.join(IN_USE))?;
    drop(in_use);
    fs::remove_dir(folder).map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ClipId;
    use crate::run::Cache;
    use std::time::Duration;

    /// A cache of about a thousand bytes, last used so many hours ago.
    fn cache(root: &Path, key: &str, hours: u64) -> Cache {
        let mut cache = Cache::open(root, key).unwrap();
        cache.put(&ClipId::new("clip"), vec![7; 1000]).unwrap();
        cache.flush().unwrap();
        let used = SystemTime::now() - Duration::from_secs(hours * 3600);
        let file = open(&cache.folder().join(IN_USE)).unwrap();
        file.set_modified(used).unwrap();
        cache
    }

    fn there(root: &Path, key: &str) -> bool {
        kept(root)
            .iter()
            .any(|cache| fs::read_to_string(cache.folder.join(ABOUT)).unwrap() == key)
    }

    #[test]
    fn those_not_used_for_longest_go_first() {
        let root = tempfile::tempdir().unwrap();
        for (key, hours) in [("new", 1), ("old", 3), ("older", 9), ("middle", 2)] {
            drop(cache(root.path(), key, hours));
        }
        let bytes = cached_bytes(root.path());
        assert!(bytes > 4000, "{bytes}");
        prune(root.path(), bytes);
        assert_eq!(cached_bytes(root.path()), bytes);
        prune(root.path(), bytes * 5 / 8);
        for (key, kept) in [
            ("new", true),
            ("old", false),
            ("older", false),
            ("middle", true),
        ] {
            assert_eq!(there(root.path(), key), kept, "{key}");
        }
        assert!(cached_bytes(root.path()) <= bytes * 5 / 8);
        // Opening one is using it.
        drop(Cache::open(root.path(), "middle").unwrap());
        prune(root.path(), bytes * 3 / 8);
        assert!(there(root.path(), "middle") && !there(root.path(), "new"));
    }

    #[test]
    fn a_cache_in_use_stays_and_still_answers() {
        let root = tempfile::tempdir().unwrap();
        let used = cache(root.path(), "used", 9);
        drop(cache(root.path(), "idle", 1));
        prune(root.path(), 0);
        assert!(there(root.path(), "used") && !there(root.path(), "idle"));
        let value = used.get(&ClipId::new("clip")).unwrap();
        assert_eq!(value.unwrap(), vec![7; 1000]);
        drop(used);
        prune(root.path(), 0);
        assert_eq!(cached_bytes(root.path()), 0);
    }

    #[test]
    fn what_is_not_a_cache_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let folder = cache(root.path(), "a", 5).folder().to_owned();
        fs::write(folder.join("notes.md"), "mine").unwrap();
        let hex = root.path().join("0123456789abcdef0123456789abcdef");
        fs::create_dir(&hex).unwrap();
        fs::write(hex.join("1.seg"), "no key beside it").unwrap();
        fs::create_dir(root.path().join("other")).unwrap();
        fs::write(root.path().join("other/key.txt"), "x").unwrap();
        prune(root.path(), 0);
        for kept in [
            folder.join("notes.md"),
            hex.join("1.seg"),
            root.path().join("other/key.txt"),
        ] {
            assert!(kept.exists(), "{}", kept.display());
        }
        assert_eq!(cached_bytes(&root.path().join("absent")), 0);
    }

    #[test]
    fn two_that_work_alike_at_once_do_not_disturb_each_other() {
        let root = tempfile::tempdir().unwrap();
        let work = |number: usize| {
            for round in 0..20 {
                // The same keys and values in all threads: the same files under the same names.
                let mut cache = Cache::open(root.path(), &format!("key {}", round % 3)).unwrap();
                let clip = ClipId::new(format!("clip {round}"));
                cache.put(&clip, vec![round as u8; 100]).unwrap();
                cache.flush().unwrap();
                assert_eq!(cache.get(&clip).unwrap().unwrap(), vec![round as u8; 100]);
                if number == 0 {
                    let _turn = Turn::take(root.path());
                    prune(root.path(), 0);
                }
                assert_eq!(cache.get(&clip).unwrap().unwrap(), vec![round as u8; 100]);
            }
        };
        std::thread::scope(|scope| {
            for number in 0..3 {
                scope.spawn(move || work(number));
            }
        });
    }
}
