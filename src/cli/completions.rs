//! `storyeval completions`: what a shell and `man` read, made from the arguments themselves.

use super::failure::Failure;
use super::talk::print;
use super::{Cli, Outcome};
use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
    /// A manual page in roff: of the program, or of VERB
    Man,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell that completes `storyeval`, or `man`
    target: Target,
    /// With `man`: the verb that the page describes, for example `dataset verify`
    verb: Vec<String>,
}

/// Prints a completion script or a manual page.
pub(crate) fn completions(arguments: &CompletionsArguments) -> Outcome {
    let mut command = Cli::command();
    let shell = match arguments.target {
        Target::Man => return print(&manual(command, &arguments.verb)?),
        Target::Bash => Shell::Bash,
        Target::Elvish => Shell::Elvish,
        Target::Fish => Shell::Fish,
        Target::Powershell => Shell::PowerShell,
        Target::Zsh => Shell::Zsh,
    };
    if let Some(verb) = arguments.verb.first() {
        return Err(Failure::Arguments {
            what: format!("a completion script is of the whole program, and not of `{verb}`"),
            hint: format!("leave `{verb}` out"),
        });
    }
    let mut script = Vec::new();
    generate(shell, &mut command, "storyeval", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// The page of the program, or of one of its verbs.
fn manual(mut command: clap::Command, verb: &[String]) -> Result<String, Failure> {
    command.build();
    for word in verb {
        let found = command.find_subcommand(word).cloned();
        command = found.ok_or_else(|| Failure::Arguments {
            what: format!("`{}` has no verb `{word}`", command.get_name()),
            hint: "`storyeval --help` lists the verbs".to_owned(),
        })?;
    }
    let mut page = Vec::new();
    Man::new(command)
        .render(&mut page)
        .map_err(Failure::Stdout)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
