//! `hallmark schema NAME`: the published JSON Schemas.

use hallmark_model::{ExitCode, text};

use crate::{args, failure::Failure, house, session::json, show::Show};

pub(super) fn schema(args: &args::Schema, show: &Show) -> Result<ExitCode, Failure> {
    let schemas = house::schemas();
    let Some(name) = &args.name else {
        let names: Vec<_> = schemas.iter().map(|(name, _)| format!("{name}\n")).collect();
        show.result(&names.concat());
        return Ok(ExitCode::Ok);
    };
    let Some((_, schema)) = schemas.iter().find(|(known, _)| known == name) else {
        let known: Vec<_> = schemas.iter().map(|(name, _)| *name).collect();
        return Err(Failure::usage(format!(
            "there is no schema `{}`; there are {}",
            text::one_line(name),
            known.join(", ")
        )));
    };
    show.result(&json(schema)?);
    Ok(ExitCode::Ok)
}
