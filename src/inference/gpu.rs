//! Which GPU it is. Two kinds of GPU differ in the last bits of what they compute, so a manifest that says
//! only `cuda:0` would not tell whose frames these are.

use std::ffi::OsStr;

use super::python::Run;

const QUERY: [&str; 2] = ["--query-gpu=name,driver_version", "--format=csv,noheader"];

/// The GPUs of this machine as NVIDIA's own tool tells them, for example `NVIDIA H100 80GB HBM3, 580.159.04`:
/// name and version of the driver. Kinds that differ are joined by ` + `, since CUDA counts its devices in
/// another order than the tool. `None` where the tool is not there or fails.
pub(crate) fn describe(run: Run<'_>) -> Option<String> {
    let arguments = QUERY.map(OsStr::new);
    let reply = run(OsStr::new("nvidia-smi"), &arguments, &std::env::temp_dir()).ok()?;
    if !reply.success {
        return None;
    }
    let text = String::from_utf8(reply.stdout).ok()?;
    let mut kinds: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !kinds.contains(&line) {
            kinds.push(line);
        }
    }
    (!kinds.is_empty()).then(|| kinds.join(" + "))
}

#[cfg(test)]
mod tests {
    use super::super::python::Reply;
    use super::*;
    use std::io;

    fn described(success: bool, stdout: &str) -> Option<String> {
        let stdout = stdout.as_bytes().to_owned();
        describe(&|program, arguments, _| {
            assert_eq!(program, "nvidia-smi");
            assert_eq!(arguments, QUERY);
            Ok(Reply {
                success,
                stdout: stdout.clone(),
                ..Reply::default()
            })
        })
    }

    #[test]
    fn equal_gpus_are_named_once_and_others_all() {
        let h100 = "NVIDIA H100 80GB HBM3, 580.159.04";
        let t4 = "Tesla T4, 580.159.04";
        assert_eq!(described(true, &format!("{h100}\n")).as_deref(), Some(h100));
        assert_eq!(
            described(true, &format!("{h100}\n{t4}\n{h100}\n")),
            Some(format!("{h100} + {t4}"))
        );
    }

    #[test]
    fn a_tool_that_cannot_be_asked_is_no_error() {
        assert_eq!(described(false, "NVIDIA-SMI has failed"), None);
        assert_eq!(described(true, "\n"), None);
        let absent = describe(&|_, _, _| Err(io::Error::from(io::ErrorKind::NotFound)));
        assert_eq!(absent, None);
    }
}
