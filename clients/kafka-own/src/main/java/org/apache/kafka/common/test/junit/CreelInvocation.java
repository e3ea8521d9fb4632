package org.apache.kafka.common.test.junit;

import creel.own.CreelCluster;
import java.util.List;
import org.apache.kafka.common.test.api.ClusterConfig;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;

/** One run of a test: a creel of its own, started before the test's own preparations and killed after all else. */
final class CreelInvocation implements TestTemplateInvocationContext {
    private final String method;
    private final ClusterConfig config;

    CreelInvocation(String method, ClusterConfig config) {
        this.method = method;
        this.config = config;
    }

    @Override
    public String getDisplayName(int index) {
        return method + " [" + index + "]";
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
        CreelCluster cluster = new CreelCluster(config);
        return List.of(
                (BeforeEachCallback) context -> {
                    cluster.checkNeeds();
                    if (config.isAutoStart()) {
                        cluster.start();
                    }
                },
                (AfterEachCallback) context -> cluster.end(),
                new ClusterInstanceParameterResolver(cluster));
    }
}
