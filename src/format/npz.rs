//! Statistics of features in numpy's NPZ format, as pytorch-fid, clean-fid and torch-fidelity's
//! ancestors keep them: a zip archive with `mu.npy` (`[d]`) and `sigma.npy` (`[d, d]`).

use super::FormatError;
use super::fault::{Fault, FileKind};
use super::npy::{NpyHeader, Numbers, bytes_of, read_array};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Largest member that is unpacked: the covariance of 8,192 features in doubles fits.
const MAX_MEMBER: u64 = 1 << 30;
const EXPECTED: FileKind = FileKind {
    expected: "a file of FID statistics (.npz with `mu` and `sigma`)",
    hint: "save it with `numpy.savez(PATH, mu=features.mean(0), sigma=numpy.cov(features, rowvar=False))`, \
or with `storyeval metric fid A B --save-stats PATH`",
};

/// Mean and covariance of features whose number is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Mean, `[d]`.
    pub mu: Array1<f64>,
    /// Whether the mean was stored in single precision (as clean-fid and torch-fidelity compute it).
    pub mu_is_f32: bool,
    /// Covariance, `[d, d]`.
    pub sigma: Array2<f64>,
}

/// Reads `mu` and `sigma`.
///
/// # Errors
/// [`FormatError::Read`]; [`FormatError::Malformed`] when a member is missing, too large, of
/// another shape, or has values that are not finite.
pub fn read_statistics(path: &Path) -> Result<Statistics, FormatError> {
    let file = File::open(path).map_err(|source| FormatError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| EXPECTED.fault(path, error))?;
    let held = |name: &str| archive.index_for_name(&format!("{name}.npy")).is_some();
    if !(held("mu") && held("sigma")) {
        return Err(other_keys(path, &mut archive));
    }
    let mut read = |name| member(&mut archive, name).map_err(|fault| EXPECTED.fault(path, fault));
    let (mu, mu_dimensions) = read("mu")?;
    let (sigma, _) = read("sigma")?;
    let d = mu.dim().0 * mu.dim().1;
    // numpy saves the covariance of one feature as a scalar or as [1, 1].
    if d == 0 || mu_dimensions == 2 && mu.dim().0 != 1 && mu.dim().1 != 1 || sigma.dim() != (d, d) {
        return Err(EXPECTED.malformed(
            path,
            format!("`mu` is {:?} and `sigma` {:?}", mu.dim(), sigma.dim()),
        ));
    }
    let statistics = Statistics {
        mu_is_f32: matches!(mu, Numbers::F32(_)),
        mu: mu.to_f64().into_iter().collect(),
        sigma: sigma.to_f64(),
    };
    check_covariance(&statistics.sigma).map_err(|found| EXPECTED.malformed(path, found))?;
    for (name, finite) in [
        ("mu", statistics.mu.iter().all(|v| v.is_finite())),
        ("sigma", statistics.sigma.iter().all(|v| v.is_finite())),
    ] {
        if !finite {
            return Err(
                EXPECTED.malformed(path, format!("`{name}` has values that are not finite"))
            );
        }
    }
    Ok(statistics)
}

/// Members that an error lists.
const LISTED: usize = 12;

/// The error of an archive without `mu` and `sigma`: what it holds, and the line that makes statistics or features of it.
fn other_keys(path: &Path, archive: &mut ZipArchive<BufReader<File>>) -> FormatError {
    let mut held = Vec::new();
    for at in 0..archive.len() {
        let Ok(entry) = archive.by_index(at) else {
            continue;
        };
        let Ok(name) = entry.name().map(std::borrow::Cow::into_owned) else {
            continue;
        };
        let shape = NpyHeader::read(&mut entry.take(MAX_MEMBER)).map(|header| header.shape);
        let key = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
        held.push((key, shape.ok()));
    }
    let shown = held.iter().take(LISTED).map(|(key, shape)| match shape {
        Some(shape) => format!("`{key}` {shape:?}"),
        None => format!("`{key}`"),
    });
    let mut list = shown.collect::<Vec<_>>().join(", ");
    if held.len() > LISTED {
        list = format!("{list} and {} more", held.len() - LISTED);
    }
    let lacks = |key: &&&str| !held.iter().any(|(name, _)| name == **key);
    let missing: Vec<String> = ["mu", "sigma"]
        .iter()
        .filter(lacks)
        .map(|key| format!("no `{key}`"))
        .collect();
    let holds = match advice(&held) {
        _ if held.is_empty() => "it is empty".to_owned(),
        Some(line) => format!("it holds {list}; {line}"),
        None => format!("it holds {list}"),
    };
    let found = format!("it has {}; {holds}", missing.join(" and "));
    EXPECTED.malformed(path, found)
}

/// How to make of the members what is read here.
fn advice(held: &[(String, Option<Vec<u64>>)]) -> Option<String> {
    let sides = |key: &str| held.iter().find(|(name, _)| name == key)?.1.as_deref();
    for (mean, covariance) in [
        ("mean", "cov"),
        ("mu", "cov"),
        ("mean", "sigma"),
        ("m", "s"),
        ("mean", "covariance"),
        ("mu_s", "sigma_s"),
    ] {
        if let (Some([d]), Some([rows, columns])) = (sides(mean), sides(covariance))
            && d == rows
            && d == columns
        {
            return Some(format!(
                "`x = numpy.load(FILE); numpy.savez(\"OUT.npz\", mu=x[\"{mean}\"], sigma=x[\"{covariance}\"])` renames them, \
if they are of the same network"
            ));
        }
    }
    let (mut images, mut features) = (None, None);
    for (key, shape) in held {
        match shape.as_deref() {
            Some([_, _, _, 3 | 4]) => images = images.or(Some(key)),
            Some([n, d]) if n != d => features = features.or(Some(key)),
            Some([_, _, 1, 1]) => features = features.or(Some(key)),
            _ => {}
        }
    }
    if let Some(key) = images {
        return Some(format!(
            "`{key}` holds images, by its shape: save them as PNG files and give their folder"
        ));
    }
    features.map(|key| {
        format!("if `{key}` holds features, `numpy.save(\"OUT.npy\", numpy.load(FILE)[\"{key}\"])` makes a file of them")
    })
}

/// What can be seen of a covariance without its eigenvalues: it is symmetric, and variances are not negative. Half of
/// the digits of single precision are allowed for, since some tools store it so.
fn check_covariance(sigma: &Array2<f64>) -> Result<(), String> {
    let scale = sigma
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    let rounding = 1e-4 * scale;
    for (i, row) in sigma.rows().into_iter().enumerate() {
        if row[i] < -rounding {
            return Err(format!(
                "`sigma` has a negative variance, {} at [{i}, {i}]",
                row[i]
            ));
        }
        for j in 0..i {
            let other = sigma[[j, i]];
            if (row[j] - other).abs() > rounding {
                return Err(format!(
                    "`sigma` is not symmetric: {} at [{i}, {j}] and {other} at [{j}, {i}]",
                    row[j]
                ));
            }
        }
    }
    Ok(())
}

fn member(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
) -> Result<(Numbers, usize), Fault> {
    let entry = archive
        .by_name(&format!("{name}.npy"))
        .map_err(|error| match error {
            ZipError::FileNotFound => Fault::Malformed(format!("it has no `{name}`")),
            other => other.into(),
        })?;
    let size = entry.size();
    if size > MAX_MEMBER {
        return Err(Fault::Malformed(format!(
            "`{name}` claims {size} bytes, more than {MAX_MEMBER}"
        )));
    }
    // The claim of the archive is not believed either: a bomb unpacks to more.
    let array =
        read_array(&mut entry.take(MAX_MEMBER), size).map_err(|fault| fault.inside(name))?;
    Ok((array.numbers, array.dimensions))
}

/// Writes `mu` (`[d]`) and `sigma` (`[d, d]`), compressed, as `numpy.savez_compressed` does. The file
/// appears whole or not at all.
///
/// # Errors
/// [`FormatError::Write`].
pub fn write_statistics(
    path: &Path,
    mu: &ArrayView1<'_, f64>,
    mu_is_f32: bool,
    sigma: &ArrayView2<'_, f64>,
) -> Result<(), FormatError> {
    let shape = format!("({},)", mu.len());
    let mu = if mu_is_f32 {
        bytes_of(&shape, mu.iter().map(|value| *value as f32))
    } else {
        bytes_of(&shape, mu.iter().copied())
    };
    let shape = format!("({}, {})", sigma.nrows(), sigma.ncols());
    let sigma = bytes_of(&shape, sigma.iter().copied());
    write_members(path, &[("mu.npy", mu), ("sigma.npy", sigma)]).map_err(|source| {
        FormatError::Write {
            path: path.to_path_buf(),
            source,
        }
    })
}

fn write_members(path: &Path, members: &[(&str, Vec<u8>)]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.exists() {
        let what = format!("there is no folder {}", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, what));
    }
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| plain(&error))?;
    let mut archive = ZipWriter::new(file.as_file_mut());
    // No time: the same statistics give the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    for (name, bytes) in members {
        archive.start_file(*name, options)?;
        archive.write_all(bytes)?;
    }
    archive.finish()?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The fault of the system, without the name of the temporary file.
fn plain(error: &io::Error) -> io::Error {
    io::Error::from(error.kind())
}

#[cfg(test)]
mod tests;
