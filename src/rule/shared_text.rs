//! Texts that take in others: finding the files, and checking them together.
//!
//! `gather` follows every `include`, `import` and `from` of a text when its rule is loaded, depth first, each file once. It tells what is
//! wrong with the files whatever rule they are used in (they are not there, take in each other in a circle, have no such macro), and which
//! names of the rule they use, so that these are checked like the rule's own texts. Nothing is looked for when a text is rendered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use crate::rule::authored::AuthoredFile;
use crate::rule::diagnostic::{Code, nearest, suggest};
use crate::rule::names::TextFault;
use crate::rule::templates::{TemplateSource, is_inside};
use crate::rule::text;
use crate::rule::text_tags::{Bound, Call, Caller, How, Macro, Taken, TextTags};

/// How deep files may take in each other. The engine nests about fifty; what people write is two or three deep.
pub const INCLUDE_DEPTH: usize = 8;

/// Bytes of all files together that one text takes in. Articles have some thousands.
pub const INCLUDED_BYTES: usize = 256 * 1024;

/// A mistake in a text, or in a file that it takes in.
#[derive(Clone, Debug)]
pub(crate) struct PlacedFault {
    pub(crate) fault: TextFault,
    /// The file; `None` for the text itself.
    pub(crate) file: Option<Arc<AuthoredFile>>,
    /// For a mistake that is one only in this rule: where the text takes the file in.
    pub(crate) taken_in: Option<Range<usize>>,
}

impl PlacedFault {
    /// A mistake of the text itself.
    pub(crate) fn own(fault: TextFault) -> Self {
        Self { fault, file: None, taken_in: None }
    }
}

/// A file that a text takes in.
#[derive(Debug)]
pub(crate) struct SharedFile {
    pub(crate) path: String,
    pub(crate) file: Arc<AuthoredFile>,
    /// The names that it uses and neither it nor any text that takes it in defines.
    pub(crate) names: BTreeSet<String>,
    /// Where the text itself takes it in, or the file through which it comes.
    pub(crate) taken_in: Range<usize>,
}

/// A text with all files that it takes in.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) files: Vec<SharedFile>,
    pub(crate) faults: Vec<PlacedFault>,
}

/// Finds all files that a text takes in, and what is wrong with them for every rule. `path` is the text's own, if it is a file below
/// `templates/`.
pub(crate) fn gather(tags: &TextTags<'_>, path: Option<&str>, templates: &dyn TemplateSource) -> Gathered {
    let mut gatherer =
        Gatherer { templates, units: Vec::new(), known: HashMap::new(), way: Vec::new(), bytes: 0, faults: Vec::new() };
    gatherer.way.extend(path.map(|path| Step { path: path.to_owned(), file: None, range: 0..0 }));
    let root = gatherer.unit(tags, None, 0..0);
    let mut names: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (at, name) in root.free {
        names.entry(at).or_default().insert(name);
    }
    let files = gatherer.units.into_iter().enumerate().map(|(at, unit)| SharedFile {
        path: unit.path,
        file: unit.file,
        names: names.remove(&at).unwrap_or_default(),
        taken_in: unit.taken_in,
    });
    Gathered { files: files.collect(), faults: gatherer.faults }
}

/// One file.
#[derive(Debug)]
struct Unit {
    path: String,
    file: Arc<AuthoredFile>,
    taken_in: Range<usize>,
    meaning: Meaning,
}

/// What a text is to those that take it in.
#[derive(Debug, Default)]
struct Meaning {
    /// The macros that may be imported from it; `None` when it could not be read to the end.
    exports: Option<HashMap<String, Arc<MacroShape>>>,
    /// Names that it and the files in it use, by the file's position.
    free: BTreeSet<(usize, String)>,
    /// How deep it nests, itself counted.
    height: usize,
}

/// What a macro can be called with.
#[derive(Debug)]
struct MacroShape {
    parameters: Vec<(String, bool)>,
    caller: Caller,
}

impl MacroShape {
    fn of(defined: &Macro<'_>) -> Self {
        let parameters = defined.parameters.iter().map(|&(name, may_miss)| (name.to_owned(), may_miss)).collect();
        Self { parameters, caller: defined.caller }
    }
}

/// A file on the way from the text to the one at hand.
#[derive(Clone, Debug)]
struct Step {
    path: String,
    /// `None` for the text itself.
    file: Option<Arc<AuthoredFile>>,
    /// Where it names the next one.
    range: Range<usize>,
}

struct Gatherer<'t> {
    templates: &'t dyn TemplateSource,
    units: Vec<Unit>,
    /// Positions of the files that were followed, by their paths.
    known: HashMap<String, usize>,
    way: Vec<Step>,
    bytes: usize,
    faults: Vec<PlacedFault>,
}

impl Gatherer<'_> {
    fn fault(&mut self, file: Option<&Arc<AuthoredFile>>, fault: TextFault) {
        self.faults.push(PlacedFault { fault, file: file.cloned(), taken_in: None });
    }

    /// Follows one text. `file` is where it stands, `taken_in` where the text at the root names what it comes through.
    fn unit(&mut self, tags: &TextTags<'_>, file: Option<&Arc<AuthoredFile>>, taken_in: Range<usize>) -> Meaning {
        let (mut free, mut height) = (BTreeSet::new(), 1);
        let mut taken: Vec<Option<usize>> = Vec::new();
        for one in &tags.taken {
            let through = if file.is_none() { one.range.clone() } else { taken_in.clone() };
            let at = self.take(one, file, through);
            if let Some(meaning) = at.and_then(|at| self.units.get(at)).map(|unit| &unit.meaning) {
                height = height.max(meaning.height + 1);
                let is_local = |name: &String| match &one.how {
                    How::Text(locals) => locals.contains(&name.as_str()),
                    How::Module | How::Macros(_) => false,
                };
                free.extend(meaning.free.iter().filter(|(_, name)| !is_local(name)).cloned());
            }
            if let How::Macros(names) = &one.how {
                self.imported(names, one.path, at, file);
            }
            taken.push(at);
        }
        let macros: Vec<Arc<MacroShape>> = tags.macros.iter().map(|one| Arc::new(MacroShape::of(one))).collect();
        for call in &tags.calls {
            let faults = self.call(call, &taken, &macros, tags);
            faults.into_iter().for_each(|fault| self.fault(file, fault));
        }
        let exports = tags.exports.iter().filter(|(name, _)| !name.starts_with('_'));
        let exports = exports.filter_map(|&(name, bound)| {
            let exported = match bound {
                Bound::Value | Bound::Module(_) => return None,
                Bound::Macro(at) => Arc::clone(macros.get(at)?),
                Bound::Imported(at, name) => Arc::clone(self.exported(*taken.get(at)?, name)?),
            };
            Some((name.to_owned(), exported))
        });
        Meaning { exports: Some(exports.collect()), free, height }
    }

    fn exported(&self, file: Option<usize>, name: &str) -> Option<&Arc<MacroShape>> {
        self.units.get(file?)?.meaning.exports.as_ref()?.get(name)
    }

    /// The position of a file that is taken in; `None` when there is something wrong with it, which is told.
    fn take(&mut self, taken: &Taken<'_>, file: Option<&Arc<AuthoredFile>>, taken_in: Range<usize>) -> Option<usize> {
        if let Some(first) = self.way.iter().position(|step| step.path == taken.path) {
            self.circle(first, taken);
            return None;
        }
        let depth = self.way.iter().filter(|step| step.file.is_some()).count();
        let known = self.known.get(taken.path).copied();
        let height = known.and_then(|at| self.units.get(at)).map_or(1, |unit| unit.meaning.height);
        if depth + height > INCLUDE_DEPTH {
            let message = format!("files take in each other more than {INCLUDE_DEPTH} deep");
            let help = "take this file in further up";
            self.fault(file, TextFault::new(Code::IncludeLimit, message, taken.range.clone()).help(help));
            return None;
        }
        if known.is_some() {
            return known;
        }
        let found = match read(taken.path, taken.range.clone(), self.templates) {
            Ok(found) => found,
            Err(fault) => {
                self.fault(file, fault);
                return None;
            }
        };
        self.bytes = self.bytes.saturating_add(found.text().len());
        if self.bytes > INCLUDED_BYTES {
            let message =
                format!("the files that this text takes in have more than {} KiB together", INCLUDED_BYTES / 1024);
            let help = "an article is for people: take in less";
            self.fault(file, TextFault::new(Code::IncludeLimit, message, taken.range.clone()).help(help));
            return None;
        }
        if let Some(step) = self.way.last_mut() {
            step.range = taken.range.clone();
        }
        self.way.push(Step { path: taken.path.to_owned(), file: Some(Arc::clone(&found)), range: 0..0 });
        let meaning = match text::parse(found.text()) {
            Ok(own) => {
                let tags = TextTags::of(found.text());
                for fault in tags.faults.iter().cloned() {
                    self.fault(Some(&found), fault);
                }
                Some((self.unit(&tags, Some(&found), taken_in.clone()), own))
            }
            Err(fault) => {
                self.fault(Some(&found), fault);
                None
            }
        };
        self.way.pop();
        let at = self.units.len();
        let meaning = match meaning {
            Some((mut meaning, own)) => {
                meaning.free.extend(own.into_iter().map(|name| (at, name)));
                meaning
            }
            None => Meaning::default(),
        };
        self.units.push(Unit { path: taken.path.to_owned(), file: found, taken_in, meaning });
        self.known.insert(taken.path.to_owned(), at);
        Some(at)
    }

    /// Tells of files that take in each other, at the same place whichever of them a rule names first.
    fn circle(&mut self, first: usize, taken: &Taken<'_>) {
        let mut steps: Vec<Step> = self.way.get(first..).unwrap_or_default().to_vec();
        if let Some(last) = steps.last_mut() {
            last.range = taken.range.clone();
        }
        let least = (0..steps.len()).min_by_key(|&at| steps.get(at).map(|step| step.path.clone())).unwrap_or(0);
        steps.rotate_left(least);
        let Some(step) = steps.first() else { return };
        let names: Vec<String> = steps.iter().chain([step]).map(|step| format!("`{}`", step.path)).collect();
        let message = match steps.as_slice() {
            [only] => format!("`{}` takes in itself", only.path),
            _ => format!("files take in each other in a circle: {}", names.join(" takes in ")),
        };
        let fault = TextFault::new(Code::CircularInclude, message, step.range.clone());
        let fault = fault.help("move what both need into a third file");
        let file = step.file.clone();
        self.fault(file.as_ref(), fault);
    }

    /// Tells of macros that a file is asked for and does not have.
    fn imported(
        &mut self,
        names: &[(&str, Range<usize>)],
        path: &str,
        at: Option<usize>,
        file: Option<&Arc<AuthoredFile>>,
    ) {
        for (name, range) in names {
            let fault = self.no_macro(at, path, name, range.clone());
            fault.into_iter().for_each(|fault| self.fault(file, fault));
        }
    }

    /// The mistake of asking a file for what it does not define.
    fn no_macro(&self, at: Option<usize>, path: &str, name: &str, range: Range<usize>) -> Option<TextFault> {
        let exports = self.units.get(at?)?.meaning.exports.as_ref()?;
        if exports.contains_key(name) {
            return None;
        }
        let mut known: Vec<&str> = exports.keys().map(String::as_str).collect();
        known.sort_unstable();
        let message = format!("`{path}` has no macro `{name}`");
        let help = suggest(name, &known).unwrap_or_else(|| "it defines none outside of blocks".to_owned());
        Some(TextFault::new(Code::UnknownMacro, message, range).help(help))
    }

    /// What is wrong with a call.
    fn call(
        &self,
        call: &Call<'_>,
        taken: &[Option<usize>],
        macros: &[Arc<MacroShape>],
        tags: &TextTags<'_>,
    ) -> Vec<TextFault> {
        let file_of = |at: usize| taken.get(at).copied().flatten();
        let (name, shape) = match call.of {
            Bound::Value => return Vec::new(),
            Bound::Macro(at) => {
                let own = tags.exports.iter().find(|(_, bound)| *bound == call.of).map_or("macro", |(name, _)| name);
                return macros.get(at).map(|shape| misfit(own, shape, call)).unwrap_or_default();
            }
            Bound::Imported(at, name) => (name, self.exported(file_of(at), name)),
            Bound::Module(at) => {
                let member = call.member.unwrap_or_default();
                let path = tags.taken.get(at).map_or("", |taken| taken.path);
                if let Some(fault) = self.no_macro(file_of(at), path, member, call.range.clone()) {
                    return vec![fault];
                }
                (member, self.exported(file_of(at), member))
            }
        };
        shape.map(|shape| misfit(name, shape, call)).unwrap_or_default()
    }
}

/// What does not fit between a call and its macro.
fn misfit(name: &str, shape: &MacroShape, call: &Call<'_>) -> Vec<TextFault> {
    let written: Vec<String> = shape.parameters.iter().map(|(name, _)| name.clone()).collect();
    let takes = format!("it is `{name}({})`", written.join(", "));
    let fault = |message: String, range: &Range<usize>| TextFault::new(Code::WrongArguments, message, range.clone());
    let mut faults = Vec::new();
    if call.positional > shape.parameters.len() {
        let count = shape.parameters.len();
        let message = format!("the macro `{name}` takes {count} arguments and is given {}", call.positional);
        faults.push(fault(message, &call.range).help(takes.clone()));
    }
    for (argument, range) in &call.named {
        match shape.parameters.iter().position(|(parameter, _)| parameter == argument) {
            Some(at) if at < call.positional => {
                faults.push(fault(format!("`{argument}` is given twice"), range).help(takes.clone()));
            }
            Some(_) => {}
            None => {
                let near = nearest(argument, shape.parameters.iter().map(|(name, _)| name.as_str()));
                let help = near.map_or_else(|| takes.clone(), |near| format!("did you mean `{near}`?"));
                let message = format!("the macro `{name}` has no parameter `{argument}`");
                faults.push(fault(message, range).help(help));
            }
        }
    }
    let is_given =
        |at: usize, parameter: &str| at < call.positional || call.named.iter().any(|(name, _)| *name == parameter);
    let missing: Vec<String> = shape
        .parameters
        .iter()
        .enumerate()
        .filter(|(at, (parameter, may_miss))| !may_miss && !is_given(*at, parameter))
        .map(|(_, (parameter, _))| format!("`{parameter}`"))
        .collect();
    // a mistyped name has been told of
    if !missing.is_empty() && !call.is_open && faults.is_empty() {
        let message = format!("the macro `{name}` is not given {}", missing.join(", "));
        let help = format!("{takes}; a parameter that may be left out has a default: `name=value`");
        faults.push(fault(message, &call.range).help(help));
    }
    match (call.is_block, shape.caller) {
        (true, Caller::Unused) => {
            let help = "call it as `{{ … }}`, or let it say `{{ caller() }}` where the text belongs";
            faults.push(
                fault(format!("the macro `{name}` does nothing with the text of a `call` block"), &call.range)
                    .help(help),
            );
        }
        (false, Caller::Needed) if !call.named.iter().any(|(name, _)| *name == "caller") => {
            let help = format!("write `{{% call {name}(…) %}}the text{{% endcall %}}`");
            faults.push(fault(format!("the macro `{name}` needs the text of a `call` block"), &call.range).help(help));
        }
        _ => {}
    }
    faults
}

/// Reads a file that stands at a place of a text; the fault says what is wrong with its path, or with the file.
pub(crate) fn read(
    path: &str,
    range: Range<usize>,
    templates: &dyn TemplateSource,
) -> Result<Arc<AuthoredFile>, TextFault> {
    match templates.read(path) {
        Ok(Some(file)) => Ok(file),
        Ok(None) => {
            let message = format!("there is no file `{path}` below templates/");
            let paths = if is_inside(path) { templates.paths() } else { Vec::new() };
            let near = nearest(path, paths.iter().map(String::as_str));
            let help = near.map_or_else(
                || "paths are relative to templates/, and have no `..`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            Err(TextFault::new(Code::MissingTemplate, message, range).help(help))
        }
        Err(reason) => {
            let message = format!("the template `{path}` cannot be read: {reason}");
            Err(TextFault::new(Code::UnreadableFile, message, range))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::names::Names;

    struct Files(Vec<(&'static str, String)>);

    impl TemplateSource for Files {
        fn read(&self, path: &str) -> Result<Option<Arc<AuthoredFile>>, String> {
            let found = self.0.iter().find(|(known, _)| *known == path);
            Ok(found.map(|(path, text)| Arc::new(AuthoredFile::new(format!("templates/{path}"), text.clone()))))
        }

        fn paths(&self) -> Vec<String> {
            self.0.iter().map(|(path, _)| (*path).to_owned()).collect()
        }
    }

    fn files(files: &[(&'static str, &str)]) -> Files {
        Files(files.iter().map(|&(path, text)| (path, text.to_owned())).collect())
    }

    /// Each mistake as its code, its file and what is marked there.
    fn faults(source: &str, files: &Files) -> Vec<(Code, String, String)> {
        let known = Names { all: ["host", "path"].map(str::to_owned).to_vec(), ..Names::default() };
        let faults = text::check(source, None, &known, files).err().unwrap_or_default();
        let told = faults.into_iter().map(|PlacedFault { fault, file, .. }| {
            let (path, text) = file.as_ref().map_or(("", source), |file| (file.path(), file.text()));
            (fault.code, path.to_owned(), text[fault.range].to_owned())
        });
        told.collect()
    }

    fn one(code: Code, path: &str, marked: &str) -> Vec<(Code, String, String)> {
        vec![(code, path.to_owned(), marked.to_owned())]
    }

    #[test]
    fn names_in_files_are_names_of_the_rule() {
        let files = files(&[
            ("a.md", "{{ host }}{% include 'b.md' %}{% set own = 1 %}{{ own }}"),
            ("b.md", "{% for one in path %}{{ one }}{{ loop.index }}{% endfor %}{{ near }}"),
            ("m.md", "{% macro free(share) %}{{ share }} on {{ host }}{% endmacro %}"),
        ]);
        let known = Names { all: ["host", "path"].map(str::to_owned).to_vec(), ..Names::default() };
        let text = text::check("{% set near = 1 %}{% include 'a.md' %}", None, &known, &files).expect("sound");
        assert_eq!(text.names(), ["host", "path"]);
        assert_eq!(text.sources().count(), 3);
        assert_eq!(faults("{% include 'a.md' %}", &files), one(Code::UnknownName, "templates/b.md", "near"));
        let text = text::check("{% from 'm.md' import free %}{{ free('x') }}", None, &known, &files).expect("sound");
        assert_eq!(text.names(), ["host"]);
    }

    #[test]
    fn files_that_are_not_there_are_told_with_a_near_one() {
        let files = files(&[("disk/free.md", "x"), ("a.md", "{% include 'disk/fre.md' %}")]);
        assert_eq!(
            faults("{% include 'a.md' %}", &files),
            one(Code::MissingTemplate, "templates/a.md", "'disk/fre.md'")
        );
        assert_eq!(
            read("disk/fre.md", 0..0, &files).expect_err("missing").help.as_deref(),
            Some("did you mean `disk/free.md`?")
        );
        for outside in ["../disk/free.md", "/disk/free.md", "disk/../disk/free.md", ""] {
            let fault = read(outside, 0..0, &crate::rule::templates::Templates::default()).expect_err("refused");
            assert!(fault.help.is_some_and(|help| help.contains("no `..`")), "{outside}");
        }
    }

    #[test]
    fn a_circle_is_told_at_one_place_wherever_it_is_entered() {
        let files = files(&[
            ("a.md", "{% include 'b.md' %}"),
            ("b.md", "{% import 'a.md' as a %}"),
            ("c.md", "{% include 'c.md' %}"),
        ]);
        let circle = one(Code::CircularInclude, "templates/a.md", "'b.md'");
        assert_eq!(faults("{% include 'a.md' %}", &files), circle);
        assert_eq!(faults("{% include 'b.md' %}", &files), circle);
        assert_eq!(faults("{% include 'c.md' %}", &files), one(Code::CircularInclude, "templates/c.md", "'c.md'"));
    }

    #[test]
    fn depth_and_bytes_are_limited() {
        let chain = |length: usize| {
            let names: Vec<&'static str> = vec!["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
            let text = |at: usize| {
                if at + 1 < length { format!("{{% include '{}' %}}", names[at + 1]) } else { "x".to_owned() }
            };
            Files((0..length).map(|at| (names[at], text(at))).collect())
        };
        assert!(faults("{% include '0' %}", &chain(INCLUDE_DEPTH)).is_empty());
        let deep = format!("templates/{}", INCLUDE_DEPTH - 1);
        let told = one(Code::IncludeLimit, &deep, &format!("'{INCLUDE_DEPTH}'"));
        assert_eq!(faults("{% include '0' %}", &chain(INCLUDE_DEPTH + 1)), told);
        // a file that was followed already counts with what it takes in
        let told =
            faults(&format!("{{% include '{}' %}}{{% include '0' %}}", INCLUDE_DEPTH - 2), &chain(INCLUDE_DEPTH + 1));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, Code::IncludeLimit);
        let big = |bytes: usize| Files(vec![("a", "x".repeat(bytes)), ("b", "y".to_owned())]);
        assert!(faults("{% include 'a' %}{% include 'b' %}{% include 'a' %}", &big(INCLUDED_BYTES - 1)).is_empty());
        assert_eq!(
            faults("{% include 'a' %}{% include 'b' %}", &big(INCLUDED_BYTES)),
            one(Code::IncludeLimit, "", "'b'")
        );
    }

    #[test]
    fn calls_must_fit_their_macros() {
        let files = files(&[(
            "m.md",
            "{% macro free(share, size='1G') %}{{ share }}{{ size }}{% endmacro %}\
             {% macro box() %}{{ caller() }}{% endmacro %}{% if host %}{% macro inner() %}{% endmacro %}{% endif %}{% set v = 1 %}",
        )]);
        let call = |call: &str| faults(&format!("{{% import 'm.md' as m %}}{call}"), &files);
        for sound in [
            "{{ m.free('x') }}",
            "{{ m.free(share='x', size=2) }}",
            "{{ m.free(*host) }}",
            "{% call m.box() %}{{ host }}{% endcall %}",
        ] {
            assert_eq!(call(sound), [], "{sound}");
        }
        assert_eq!(call("{{ m.fre('x') }}"), one(Code::UnknownMacro, "", "fre"));
        assert_eq!(call("{{ m.inner() }}"), one(Code::UnknownMacro, "", "inner"));
        assert_eq!(call("{{ m.free() }}"), one(Code::WrongArguments, "", "free"));
        assert_eq!(call("{{ m.free(1, 2, 3) }}"), one(Code::WrongArguments, "", "free"));
        assert_eq!(call("{{ m.free('x', sise=2) }}"), one(Code::WrongArguments, "", "sise"));
        assert_eq!(call("{{ m.free('x', share=2) }}"), one(Code::WrongArguments, "", "share"));
        assert_eq!(call("{{ m.box() }}"), one(Code::WrongArguments, "", "box"));
        assert_eq!(call("{% call m.free('x') %}{% endcall %}"), one(Code::WrongArguments, "", "free"));
        assert_eq!(faults("{% from 'm.md' import fre %}", &files), one(Code::UnknownMacro, "", "fre"));
        assert_eq!(faults("{% from 'm.md' import v %}", &files), one(Code::UnknownMacro, "", "v"));
        assert_eq!(
            faults("{% macro a(b) %}{{ b }}{% endmacro %}{{ a() }}", &files),
            one(Code::WrongArguments, "", "a")
        );
    }

    #[test]
    fn a_fault_in_a_file_is_no_fault_of_the_rule() {
        let files = files(&[
            ("a.md", "{% if host %}"),
            ("b.md", "{{ host|uper }}"),
            ("c.md", "{{ host > 3 }}{% if hots %}{% endif %}"),
        ]);
        assert_eq!(faults("{% include 'a.md' %}", &files), one(Code::BadTemplate, "templates/a.md", "if"));
        assert_eq!(
            faults("{% from 'a.md' import x %}{{ x() }}", &files),
            one(Code::BadTemplate, "templates/a.md", "if")
        );
        assert_eq!(faults("{% include 'b.md' %}", &files), one(Code::UnknownFilter, "templates/b.md", "uper"));
        let known = Names { all: vec!["host".to_owned()], texts: vec!["host".to_owned()], ..Names::default() };
        let of_rule = text::check("{% include 'c.md' %}", None, &known, &files).expect_err("wrong");
        assert_eq!(of_rule.iter().filter(|fault| fault.taken_in == Some(11..17)).count(), 2, "{of_rule:?}");
    }
}
