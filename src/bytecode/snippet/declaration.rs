//! The declarations of a snippet: arguments, variables of the closure, handlers, labels, locals.

use super::super::code::{ArgumentCounts, LocalKind, LocalVariable};
use super::{HandlerText, Result_, SnippetProblem, SnippetReader};

impl<'a> SnippetReader<'a> {
    /// `args a b / c * d *rest **named`
    pub(super) fn arguments(&mut self) -> Result_<()> {
        if !self.code.instructions.is_empty() || !self.code.locals.is_empty() {
            return Err((self.statement, SnippetProblem::Late("args".to_owned())));
        }
        let mut counts = ArgumentCounts::default();
        let (mut varargs, mut varkeywords, mut keyword_only) = (None, None, false);
        while !self.cursor.at_end() {
            let at = self.cursor.position();
            if self.cursor.eat('/') {
                counts.positional_only = counts.positional;
            } else if self.cursor.eat('*') {
                let is_mapping = self.cursor.eat('*');
                keyword_only = true;
                let name = self.cursor.name();
                let place = if is_mapping { &mut varkeywords } else { &mut varargs };
                if place.is_some() || (is_mapping && name.is_empty()) {
                    return Err((at, SnippetProblem::Name("args".to_owned(), "an argument")));
                }
                *place = (!name.is_empty()).then_some((name, at));
            } else {
                let name = self.name("args", "an argument")?;
                self.declare(name, LocalKind::Plain, at)?;
                *(if keyword_only { &mut counts.keyword_only } else { &mut counts.positional }) += 1;
            }
            self.cursor.skip_spaces();
            self.cursor.eat(',');
        }
        counts.varargs = varargs.is_some();
        counts.varkeywords = varkeywords.is_some();
        for (name, at) in varargs.into_iter().chain(varkeywords) {
            self.declare(name, LocalKind::Plain, at)?;
        }
        // CO_VARARGS and CO_VARKEYWORDS.
        self.code.flags |= if counts.varargs { 0x4 } else { 0 } | if counts.varkeywords { 0x8 } else { 0 };
        self.code.arguments = counts;
        Ok(())
    }

    /// `free a b`: the variables of the closure.
    pub(super) fn free(&mut self) -> Result_<()> {
        if !self.code.instructions.is_empty() {
            return Err((self.statement, SnippetProblem::Late("free".to_owned())));
        }
        while !self.cursor.at_end() {
            let at = self.cursor.position();
            let name = self.name("free", "a variable of the closure")?;
            self.declare(name, LocalKind::Free, at)?;
            self.cursor.skip_spaces();
            self.cursor.eat(',');
        }
        Ok(())
    }

    /// `handler first..last -> target depth 1 offset`
    pub(super) fn handler(&mut self) -> Result_<()> {
        let label = |reader: &mut Self| {
            reader.cursor.skip_spaces();
            let at = reader.cursor.position();
            let name = reader.cursor.name();
            match name.is_empty() {
                true => Err((at, SnippetProblem::Name("handler".to_owned(), "a label"))),
                false => Ok((name, at)),
            }
        };
        // A name may contain dots, since the names of modules do.
        let (range, at) = label(self)?;
        let form = || SnippetProblem::Word("handler".to_owned(), "first..last -> target depth 0".to_owned());
        let (start, end) = range.split_once("..").ok_or_else(|| (at, form()))?;
        self.cursor.skip_spaces();
        if !(self.cursor.eat('-') && self.cursor.eat('>')) {
            return Err((self.cursor.position(), form()));
        }
        let target = label(self)?;
        if self.cursor.name() != "depth" {
            return Err((self.cursor.position(), form()));
        }
        let depth = self.count("handler", 0, 0xFFFF)?;
        let lasti = !self.cursor.at_end();
        if lasti && self.cursor.name() != "offset" {
            return Err((self.cursor.position(), form()));
        }
        self.handlers.push(HandlerText { labels: [(start, at), (end, at), target], depth, lasti });
        Ok(())
    }

    /// Slots are in CPython's order: the variables of the closure come last.
    pub(super) fn free_locals_last(&mut self) {
        let mut order: Vec<usize> = (0..self.code.locals.len()).collect();
        order.sort_by_key(|&local| self.code.locals[local].kind == LocalKind::Free);
        let place = |local: u32| order.iter().position(|&old| old == local as usize).unwrap_or(0) as u32;
        for instruction in &mut self.code.instructions {
            if let Some(local) = instruction.op.local_mut() {
                *local = place(*local);
            }
        }
        self.code.locals = order.iter().map(|&local| self.code.locals[local].clone()).collect();
    }

    pub(super) fn label(&self, label: &str, at: usize) -> Result_<u32> {
        let found = self.labels.iter().find(|(name, _)| *name == label);
        found.map(|(_, index)| *index).ok_or_else(|| (at, SnippetProblem::NoLabel(label.to_owned())))
    }

    pub(super) fn declare(&mut self, name: &str, kind: LocalKind, at: usize) -> Result_<()> {
        if self.code.locals.iter().any(|local| &*local.name == name) {
            return Err((at, SnippetProblem::LocalTwice(name.to_owned())));
        }
        self.code.locals.push(LocalVariable { name: name.into(), kind });
        Ok(())
    }

    /// The slot of a local; a new one if it has none.
    pub(super) fn local(&mut self, name: &str) -> u32 {
        let locals = &mut self.code.locals;
        let index = locals.iter().position(|local| &*local.name == name).unwrap_or_else(|| {
            locals.push(LocalVariable { name: name.into(), kind: LocalKind::Plain });
            locals.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }
}
