//! `hallmark server HOST:PORT`: the server suite alone.

use hallmark_model::ExitCode;
use hallmark_server::{Probed, Server};

use crate::{
    args,
    failure::Failure,
    house::{self, shell_word},
    session::alone,
    show::Show,
};

pub(super) fn server(args: &args::Server, show: &Show) -> Result<ExitCode, Failure> {
    let target = house::target(&args.endpoint, args.starttls.as_deref(), args.name.as_deref())
        .map_err(Failure::usage)?;
    let mut command = format!("server {}", shell_word(&args.endpoint));
    for (flag, value) in [("--starttls", &args.starttls), ("--name", &args.name)] {
        if let Some(value) = value {
            command += &format!(" {flag} {}", shell_word(value));
        }
    }
    if let Some(roots) = &args.roots {
        command += &format!(" --roots {}", shell_word(&roots.to_string_lossy()));
    }
    let mut probed = Probed::new(target, command);
    if let Some(roots) = &args.roots {
        probed = house::trusting(probed, roots)?;
    }
    let prober = Box::new(probed);
    alone((&Server, prober), (&args.endpoint, "as deployed"), &args.choice, show)
}
