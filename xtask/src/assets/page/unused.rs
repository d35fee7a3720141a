//! Taking out code that the page can't reach, but that the compiler has to keep.
//!
//! Leptos erases the type of a view into a table of functions, and what stands in a table counts as used. Among them
//! is a second way of taking over the server's markup, which pauses for chunks and follows every view again as a state
//! machine. The page fetches its chunks before it begins, so it goes the first way only.

use anyhow::{Context, Result};
use std::path::Path;
use walrus::{FunctionBuilder, FunctionKind, Module, ModuleConfig};

/// The functions, as they stand in mangled names: the length and then the name.
const UNUSED: [&str; 2] = ["13hydrate_async", "21hydrate_from_template"];

/// Reads a module with traps in the place of those functions' bodies. Whatever only they called is left out when the
/// module is written.
pub fn without(wasm: &Path) -> Result<Module> {
    let mut config = ModuleConfig::new();
    // The compiler's output is well-formed; the next step writes the module without its names.
    config.strict_validate(false).generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse_file(wasm).with_context(|| format!("{} can't be read", wasm.display()))?;
    for function in module.funcs.iter_mut().filter(|function| is_unused(function.name.as_deref())) {
        if let FunctionKind::Local(local) = &mut function.kind {
            let ty = module.types.get(local.ty());
            let (parameters, results) = (ty.params().to_vec(), ty.results().to_vec());
            let mut trap = FunctionBuilder::new(&mut module.types, &parameters, &results);
            trap.func_body().unreachable();
            *local = trap.local_func(local.args.clone());
        }
    }
    Ok(module)
}

fn is_unused(name: Option<&str>) -> bool {
    name.is_some_and(|name| UNUSED.iter().any(|unused| name.contains(unused)))
}
