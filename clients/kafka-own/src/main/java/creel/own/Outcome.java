package creel.own;

/** What became of a test method, over all its runs. */
record Outcome(Kind kind, String reason) {
    enum Kind {
        /** No run, or none that could be. */
        LEFT_OUT("-"),
        PASSED("pass"),
        FAILED("fail");

        final String word;

        Kind(String word) {
            this.word = word;
        }
    }

    /** The worse of two runs counts; a run that was left out counts least. */
    Outcome and(Outcome other) {
        return other.kind.ordinal() > kind.ordinal() ? other : this;
    }

    static Outcome passed() {
        return new Outcome(Kind.PASSED, "");
    }

    static Outcome failed(Throwable error) {
        return new Outcome(Kind.FAILED, line(error.toString()));
    }

    static Outcome leftOut(String reason) {
        return new Outcome(Kind.LEFT_OUT, line(reason));
    }

    private static String line(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.length() > 300 ? line.substring(0, 300) : line;
    }
}
