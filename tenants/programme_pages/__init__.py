"""The programme's pages: the rules in plain words, the draft's editor, trying it out, publishing, the history."""
