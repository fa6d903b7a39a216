fn main() {
    let f = faultbook::rule::Faultbook::shipped();
    for d in f.diagnostics() { println!("{}", serde_json::to_string(d).unwrap()); }
    let mut n = 0;
    for o in faultbook::author::test::run(&f, |_| true) { n += 1; if !o.passed() { println!("{} {}:{} {}\n{:#?}", o.rule, o.file, o.position.line, o.test, o.mismatches); } }
    println!("{} rules {n} tests", f.rules().len());
}
