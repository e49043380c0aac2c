//! Each check turned by hand-made facts.
