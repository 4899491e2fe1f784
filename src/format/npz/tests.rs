use super::*;
use ndarray::{array, aview1};
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    Path::new("reference-data/golden/npy").join(name)
}

#[test]
fn statistics_of_numpy_are_read_stored_and_compressed() {
    for (name, single) in [
        ("statistics_stored.npz", false),
        ("statistics_compressed.npz", false),
        ("statistics_f32_mean.npz", true),
    ] {
        let found = read_statistics(&golden(name)).unwrap();
        assert_eq!(found.mu, aview1(&[0.5, 1.5, 2.5]), "{name}");
        assert_eq!(found.mu_is_f32, single);
        assert_eq!(
            found.sigma,
            array![[1.0, 0.25, 0.0], [0.25, 2.0, 0.5], [0.0, 0.5, 3.0]]
        );
    }
}

#[test]
fn what_is_written_is_read_again_with_the_same_bytes_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.npz");
    let (mu, sigma) = (array![0.1, 0.2], array![[1.0, 0.3], [0.3, 2.0]]);
    write_statistics(&path, &mu.view(), false, &sigma.view()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let found = read_statistics(&path).unwrap();
    assert_eq!(
        (found.mu, found.sigma, found.mu_is_f32),
        (mu.clone(), sigma.clone(), false)
    );
    write_statistics(&path, &mu.view(), false, &sigma.view()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let single = mu.mapv(|v: f64| f64::from(v as f32));
    write_statistics(&path, &mu.view(), true, &sigma.view()).unwrap();
    let found = read_statistics(&path).unwrap();
    assert_eq!((found.mu, found.mu_is_f32), (single, true));
    let nowhere = folder.path().join("no/s.npz");
    assert!(matches!(
        write_statistics(&nowhere, &mu.view(), false, &sigma.view()),
        Err(FormatError::Write { .. })
    ));
}

fn archive(members: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let members: Vec<(&str, Vec<u8>)> = members.iter().map(|(n, b)| (*n, b.to_vec())).collect();
    write_members(file.path(), &members).unwrap();
    file
}

#[test]
fn broken_archives_are_refused_with_their_reason() {
    let mu = bytes_of("(2,)", [0.0, 1.0].into_iter());
    let sigma = bytes_of("(2, 2)", [1.0, 0.0, 0.0, 1.0].into_iter());
    let nan = bytes_of("(2,)", [0.0, f64::NAN].into_iter());
    let negative = bytes_of("(2, 2)", [1.0, 0.0, 0.0, -1.0].into_iter());
    let askew = bytes_of("(2, 2)", [1.0, 0.5, 0.0, 1.0].into_iter());
    let bomb = {
        let mut bytes = bytes_of("(15000, 15000)", [0.0_f64; 0].into_iter());
        bytes.resize(1 << 20, 0);
        bytes
    };
    for (members, wanted) in [
        (vec![("mu.npy", &mu)], "no `sigma`"),
        (vec![("other.npy", &mu)], "no `mu`"),
        (vec![("mu.npy", &sigma), ("sigma.npy", &sigma)], "`mu` is"),
        (vec![("mu.npy", &mu), ("sigma.npy", &mu)], "`sigma` (2, 1)"),
        (vec![("mu.npy", &nan), ("sigma.npy", &sigma)], "not finite"),
        (vec![("mu.npy", &mu), ("sigma.npy", &bomb)], "cut off"),
        (
            vec![("mu.npy", &mu), ("sigma.npy", &negative)],
            "negative variance, -1 at [1, 1]",
        ),
        (
            vec![("mu.npy", &mu), ("sigma.npy", &askew)],
            "not symmetric: 0 at [1, 0] and 0.5 at [0, 1]",
        ),
    ] {
        let members: Vec<(&str, &[u8])> = members.iter().map(|(n, b)| (*n, b.as_slice())).collect();
        let error = read_statistics(archive(&members).path()).unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
    }
    let file = archive(&[("mu.npy", &mu), ("sigma.npy", &sigma)]);
    let whole = std::fs::read(file.path()).unwrap();
    for cut in [0, 1, 40, whole.len() / 2, whole.len() - 1] {
        std::fs::write(file.path(), &whole[..cut]).unwrap();
        assert!(read_statistics(file.path()).is_err(), "{cut}");
    }
    // A flipped byte in the compressed data.
    let mut flipped = whole;
    flipped[60] ^= 0xff;
    std::fs::write(file.path(), flipped).unwrap();
    assert!(read_statistics(file.path()).is_err());
    assert!(matches!(
        read_statistics(Path::new("absent.npz")),
        Err(FormatError::Read { .. })
    ));
}
