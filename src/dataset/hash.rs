//! One hash for many files.

use crate::record::hex;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// SHA-256 over the sorted lines `<sha256>  <relative path>\n` of the given files below `folder`, as
/// 64 hexadecimal digits: what `sha256sum FILES | sha256sum` says for files in byte order. A file that cannot
/// be read enters as such.
pub(super) fn hash_what_is_there(folder: &Path, files: &[String]) -> String {
    let mut files: Vec<&String> = files.iter().collect();
    files.sort_unstable();
    files.dedup();
    let hashed = files.par_iter().map(|file| {
        let digest = hash_file(&folder.join(file)).unwrap_or_else(|_| "unreadable".to_owned());
        line(&digest, file)
    });
    // Read on all cores, put together in order.
    let lines: Vec<String> = hashed.collect();
    let mut whole = Sha256::new();
    for line in lines {
        whole.update(line);
    }
    hex(&whole.finalize())
}

fn line(digest: &str, file: &str) -> String {
    format!("{digest}  {file}\n")
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_sha256sum_and_order_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "abc").unwrap();
        std::fs::write(folder.path().join("b"), "").unwrap();
        let one = hash_what_is_there(folder.path(), &["a".to_owned(), "b".to_owned()]);
        let two = hash_what_is_there(folder.path(), &["b".to_owned(), "a".to_owned()]);
        assert_eq!(one, two);
        let lines = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
                     e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n";
        assert_eq!(one, crate::record::sha256_hex(lines.as_bytes()));
        std::fs::write(folder.path().join("b"), "x").unwrap();
        assert_ne!(
            one,
            hash_what_is_there(folder.path(), &["a".to_owned(), "b".to_owned()])
        );
    }
}
