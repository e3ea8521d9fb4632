package creel;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waiting for a condition; the time limit is a safety net far above what a healthy run needs. */
final class Wait {
    static final Duration SAFETY_NET = Duration.ofSeconds(120);

    private Wait() {}

    static void until(BooleanSupplier condition, Supplier<String> what) {
        long deadline = System.nanoTime() + SAFETY_NET.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("never came: " + what.get());
            }
            Thread.onSpinWait();
        }
    }
}
