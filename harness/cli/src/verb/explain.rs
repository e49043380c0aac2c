//! `hallmark explain ID`: what a requirement or a check is about.

use hallmark_model::{CheckId, ExitCode, RequirementId};
use hallmark_render::terminal;

use crate::{args, failure::Failure, house, show::Show};

pub(super) fn explain(args: &args::Explain, show: &Show) -> Result<ExitCode, Failure> {
    let standard = hallmark_standards::load(&args.standard)?.standard;
    let row = args.id.parse::<RequirementId>().ok().and_then(|id| standard.requirement(&id));
    if let Some(row) = row {
        show.result(&terminal::explain_requirement(row, show.style()));
        return Ok(ExitCode::Ok);
    }
    let check = args.id.parse::<CheckId>().ok();
    let info = check.and_then(|id| house::catalogue().into_iter().find(|info| info.id == id));
    let Some(info) = info else {
        let id = hallmark_model::text::one_line(&args.id);
        return Err(Failure::usage(format!(
            "`{id}` is neither a requirement of `{}` nor a check; `hallmark list` and `hallmark list \
             checks` show what there is",
            args.standard
        )));
    };
    show.result(&terminal::explain_check(&info.id, info.title, &standard, show.style()));
    Ok(ExitCode::Ok)
}
