//! Kafka's settings that are known and not served, each group with the reason: the second half of the broker's table.
//!
//! Names, types, ranges and defaults are Kafka 4.3.1's (`clients/data/kafka-4.3.1-broker-settings.json`; a test compares them).
//! `Accepted` ones are checked, listed, and said to have no effect where they are given. `Refused` ones say who may come in, or
//! promise what would be missed: given another value than their default, they stop the start.

use super::{
    key::{Effect, Key},
    kinds::{
        I16, I16_MIN, I32, I32_MIN, I64, I64_MIN, LONG_MAX, bytes, count, long_bytes, long_millis, millis,
    },
    value::{Kind, Unit},
};

macro_rules! unserved {
    ($($effect:ident $reason:literal { $($name:literal => $kind:expr, $default:expr;)* })*) => {
        pub(super) const UNSERVED: &[Key] = &[$($(
            Key { name: $name, kind: $kind, default: $default, doc: $reason, effect: Effect::$effect },
        )*)*];
    };
}

unserved! {
    Refused "Creel cannot load Java classes." {
        "alter.config.policy.class.name" => Kind::Class, None;
        "client.quota.callback.class" => Kind::Class, None;
        "create.topic.policy.class.name" => Kind::Class, None;
        "principal.builder.class" => Kind::Class, Some("org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder");
        "security.providers" => Kind::Text, None;
    }
    Refused "There is no authorizer yet: every client can do everything." {
        "authorizer.class.name" => Kind::Text, Some("");
    }
    Refused "Configuration providers are not supported: write the value itself." {
        "config.providers" => Kind::List, Some("");
    }
    Refused "There is only one data directory, and new partitions need it." {
        "cordoned.log.dirs" => Kind::List, Some("");
    }
    Refused "There is no tiered storage." {
        "remote.log.storage.system.enable" => Kind::Boolean, Some("false");
    }
    Refused "SASL is not supported yet." {
        "sasl.client.callback.handler.class" => Kind::Class, None;
        "sasl.enabled.mechanisms" => Kind::List, Some("GSSAPI");
        "sasl.jaas.config" => Kind::Password, None;
        "sasl.kerberos.principal.to.local.rules" => Kind::List, Some("DEFAULT");
        "sasl.kerberos.service.name" => Kind::Text, None;
        "sasl.login.callback.handler.class" => Kind::Class, None;
        "sasl.login.class" => Kind::Class, None;
        "sasl.oauthbearer.expected.audience" => Kind::List, Some("");
        "sasl.oauthbearer.expected.issuer" => Kind::Text, None;
        "sasl.oauthbearer.jwks.endpoint.url" => Kind::Text, None;
        "sasl.oauthbearer.jwt.retriever.class" => Kind::Class, Some("org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever");
        "sasl.oauthbearer.jwt.validator.class" => Kind::Class, Some("org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator");
        "sasl.server.callback.handler.class" => Kind::Class, None;
    }
    Refused "TLS is not supported yet." {
        "ssl.client.auth" => Kind::Choice(&["required", "requested", "none"]), Some("none");
        "ssl.engine.factory.class" => Kind::Class, None;
        "ssl.key.password" => Kind::Password, None;
        "ssl.keystore.certificate.chain" => Kind::Password, None;
        "ssl.keystore.key" => Kind::Password, None;
        "ssl.keystore.location" => Kind::Text, None;
        "ssl.keystore.password" => Kind::Password, None;
        "ssl.keystore.type" => Kind::Text, Some("JKS");
        "ssl.principal.mapping.rules" => Kind::Text, Some("DEFAULT");
        "ssl.truststore.certificates" => Kind::Password, None;
        "ssl.truststore.location" => Kind::Text, None;
        "ssl.truststore.password" => Kind::Password, None;
        "ssl.truststore.type" => Kind::Text, Some("JKS");
    }
    Accepted "Transactions are not supported yet." {
        "add.partitions.to.txn.retry.backoff.max.ms" => millis(0), Some("100");
        "add.partitions.to.txn.retry.backoff.ms" => millis(1), Some("20");
        "transaction.abort.timed.out.transaction.cleanup.interval.ms" => millis(1), Some("10000");
        "transaction.max.timeout.ms" => millis(1), Some("900000");
        "transaction.partition.verification.enable" => Kind::Boolean, Some("true");
        "transaction.remove.expired.transaction.cleanup.interval.ms" => millis(1), Some("3600000");
        "transaction.state.log.load.buffer.size" => bytes(1), Some("5242880");
        "transaction.state.log.min.isr" => count(1, I32), Some("1");
        "transaction.state.log.num.partitions" => count(1, I32), Some("50");
        "transaction.state.log.replication.factor" => Kind::Short(1, I16), Some("1");
        "transaction.state.log.segment.bytes" => bytes(1), Some("104857600");
        "transaction.two.phase.commit.enable" => Kind::Boolean, Some("false");
        "transactional.id.expiration.ms" => millis(1), Some("604800000");
    }
    Accepted "Quotas are not supported yet." {
        "alter.log.dirs.replication.quota.window.num" => count(1, I32), Some("11");
        "alter.log.dirs.replication.quota.window.size.seconds" => count(1, I32), Some("1");
        "controller.quota.window.num" => count(1, I32), Some("11");
        "controller.quota.window.size.seconds" => count(1, I32), Some("1");
        "quota.window.num" => count(1, I32), Some("11");
        "quota.window.size.seconds" => count(1, I32), Some("1");
        "replication.quota.window.num" => count(1, I32), Some("11");
        "replication.quota.window.size.seconds" => count(1, I32), Some("1");
    }
    Accepted "Replication is not supported yet." {
        "auto.leader.rebalance.enable" => Kind::Boolean, Some("true");
        "controller.socket.timeout.ms" => millis(I32_MIN), Some("30000");
        "leader.imbalance.check.interval.seconds" => Kind::Long(1, I64, Unit::Count), Some("300");
        "num.replica.fetchers" => count(1, I32), Some("1");
        "replica.fetch.backoff.ms" => millis(0), Some("1000");
        "replica.fetch.max.bytes" => bytes(0), Some("1048576");
        "replica.fetch.min.bytes" => bytes(I32_MIN), Some("1");
        "replica.fetch.response.max.bytes" => bytes(0), Some("10485760");
        "replica.fetch.wait.max.ms" => millis(I32_MIN), Some("500");
        "replica.high.watermark.checkpoint.interval.ms" => long_millis(I64_MIN), Some("5000");
        "replica.lag.time.max.ms" => long_millis(I64_MIN), Some("30000");
        "replica.selector.class" => Kind::Text, None;
        "replica.socket.receive.buffer.bytes" => bytes(I32_MIN), Some("65536");
        "replica.socket.timeout.ms" => millis(I32_MIN), Some("30000");
        "unclean.leader.election.enable" => Kind::Boolean, Some("false");
        "unclean.leader.election.interval.ms" => long_millis(1), Some("300000");
    }
    Accepted "Each core opens its own partitions and does their background work." {
        "background.threads" => count(1, I32), Some("10");
        "num.recovery.threads.per.data.dir" => count(1, I32), Some("2");
    }
    Accepted "There is no Raft quorum." {
        "broker.heartbeat.interval.ms" => millis(I32_MIN), Some("2000");
        "broker.session.timeout.ms" => millis(I32_MIN), Some("9000");
        "controller.performance.always.log.threshold.ms" => long_millis(0), Some("2000");
        "controller.performance.sample.period.ms" => long_millis(100), Some("60000");
        "controller.quorum.append.linger.ms" => millis(0), Some("25");
        "controller.quorum.auto.join.enable" => Kind::Boolean, Some("false");
        "controller.quorum.bootstrap.servers" => Kind::List, Some("");
        "controller.quorum.election.backoff.max.ms" => millis(0), Some("1000");
        "controller.quorum.election.timeout.ms" => millis(0), Some("1000");
        "controller.quorum.fetch.max.bytes" => bytes(1), Some("1048576");
        "controller.quorum.fetch.snapshot.max.bytes" => bytes(1), Some("1048576");
        "controller.quorum.fetch.timeout.ms" => millis(0), Some("2000");
        "controller.quorum.request.timeout.ms" => millis(0), Some("2000");
        "controller.quorum.retry.backoff.ms" => millis(0), Some("20");
        "controller.quorum.voters" => Kind::List, Some("");
        "initial.broker.registration.timeout.ms" => millis(I32_MIN), Some("60000");
        "internal.metadata.delete.delay.millis" => long_millis(I64_MIN), Some("60000");
        "internal.metadata.log.segment.bytes" => bytes(I32_MIN), None;
        "internal.metadata.max.batch.size.in.bytes" => bytes(I32_MIN), Some("8388608");
        "metadata.log.max.record.bytes.between.snapshots" => long_bytes(1), Some("20971520");
        "metadata.log.max.snapshot.interval.ms" => long_millis(0), Some("3600000");
        "metadata.log.segment.bytes" => bytes(8_388_608), Some("1073741824");
        "metadata.log.segment.ms" => long_millis(I64_MIN), Some("604800000");
        "metadata.max.idle.interval.ms" => millis(0), Some("500");
        "metadata.max.retention.bytes" => long_bytes(I64_MIN), Some("104857600");
        "metadata.max.retention.ms" => long_millis(I64_MIN), Some("604800000");
        "server.max.startup.time.ms" => long_millis(0), Some(LONG_MAX);
        "unstable.feature.versions.enable" => Kind::Boolean, Some("false");
    }
    Accepted "SASL is not supported yet." {
        "connection.failed.authentication.delay.ms" => millis(0), Some("100");
        "connections.max.reauth.ms" => long_millis(I64_MIN), Some("0");
        "sasl.kerberos.kinit.cmd" => Kind::Text, Some("/usr/bin/kinit");
        "sasl.kerberos.min.time.before.relogin" => Kind::Long(I64_MIN, I64, Unit::Count), Some("60000");
        "sasl.kerberos.ticket.renew.jitter" => Kind::Double(f64::MIN, f64::MAX), Some("0.05");
        "sasl.kerberos.ticket.renew.window.factor" => Kind::Double(f64::MIN, f64::MAX), Some("0.8");
        "sasl.login.connect.timeout.ms" => millis(I32_MIN), None;
        "sasl.login.read.timeout.ms" => millis(I32_MIN), None;
        "sasl.login.refresh.buffer.seconds" => Kind::Short(I16_MIN, I16), Some("300");
        "sasl.login.refresh.min.period.seconds" => Kind::Short(I16_MIN, I16), Some("60");
        "sasl.login.refresh.window.factor" => Kind::Double(f64::MIN, f64::MAX), Some("0.8");
        "sasl.login.refresh.window.jitter" => Kind::Double(f64::MIN, f64::MAX), Some("0.05");
        "sasl.login.retry.backoff.max.ms" => long_millis(I64_MIN), Some("10000");
        "sasl.login.retry.backoff.ms" => long_millis(I64_MIN), Some("100");
        "sasl.mechanism.controller.protocol" => Kind::Text, Some("GSSAPI");
        "sasl.mechanism.inter.broker.protocol" => Kind::Text, Some("GSSAPI");
        "sasl.oauthbearer.assertion.algorithm" => Kind::Text, Some("RS256");
        "sasl.oauthbearer.assertion.claim.aud" => Kind::Text, None;
        "sasl.oauthbearer.assertion.claim.exp.seconds" => count(0, 86_400), Some("300");
        "sasl.oauthbearer.assertion.claim.iss" => Kind::Text, None;
        "sasl.oauthbearer.assertion.claim.jti.include" => Kind::Boolean, Some("false");
        "sasl.oauthbearer.assertion.claim.nbf.seconds" => count(0, 3600), Some("60");
        "sasl.oauthbearer.assertion.claim.sub" => Kind::Text, None;
        "sasl.oauthbearer.assertion.file" => Kind::Text, None;
        "sasl.oauthbearer.assertion.private.key.file" => Kind::Text, None;
        "sasl.oauthbearer.assertion.private.key.passphrase" => Kind::Password, None;
        "sasl.oauthbearer.assertion.template.file" => Kind::Text, None;
        "sasl.oauthbearer.client.credentials.client.id" => Kind::Text, None;
        "sasl.oauthbearer.client.credentials.client.secret" => Kind::Password, None;
        "sasl.oauthbearer.clock.skew.seconds" => count(I32_MIN, I32), Some("30");
        "sasl.oauthbearer.jwks.endpoint.refresh.ms" => long_millis(I64_MIN), Some("3600000");
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms" => long_millis(I64_MIN), Some("10000");
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms" => long_millis(I64_MIN), Some("100");
        "sasl.oauthbearer.scope" => Kind::Text, None;
        "sasl.oauthbearer.scope.claim.name" => Kind::Text, Some("scope");
        "sasl.oauthbearer.sub.claim.name" => Kind::Text, Some("sub");
        "sasl.oauthbearer.token.endpoint.url" => Kind::Text, None;
        "sasl.server.max.receive.size" => count(I32_MIN, I32), Some("524288");
    }
    Accepted "Every stop is a controlled shutdown." {
        "controlled.shutdown.enable" => Kind::Boolean, Some("true");
    }
    Accepted "Delegation tokens are not supported." {
        "delegation.token.expiry.check.interval.ms" => long_millis(1), Some("3600000");
        "delegation.token.expiry.time.ms" => long_millis(1), Some("86400000");
        "delegation.token.max.lifetime.ms" => long_millis(1), Some("604800000");
        "delegation.token.secret.key" => Kind::Password, None;
    }
    Accepted "There is no purgatory: a request that ends leaves nothing behind." {
        "delete.records.purgatory.purge.interval.requests" => count(I32_MIN, I32), Some("1");
        "fetch.purgatory.purge.interval.requests" => count(I32_MIN, I32), Some("1000");
        "producer.purgatory.purge.interval.requests" => count(I32_MIN, I32), Some("1000");
    }
    Accepted "All listeners start together." {
        "early.start.listeners" => Kind::List, None;
    }
    Accepted "There is no tiered storage." {
        "follower.fetch.last.tiered.offset.enable" => Kind::Boolean, Some("false");
        "log.local.retention.bytes" => long_bytes(-2), Some("-2");
        "log.local.retention.ms" => long_millis(-2), Some("-2");
        "remote.fetch.max.wait.ms" => millis(1), Some("500");
        "remote.list.offsets.request.timeout.ms" => long_millis(1), Some("30000");
        "remote.log.index.file.cache.total.size.bytes" => long_bytes(1), Some("1073741824");
        "remote.log.index.file.cache.ttl.ms" => long_millis(-1), Some("900000");
        "remote.log.manager.copier.thread.pool.size" => count(1, I32), Some("10");
        "remote.log.manager.copy.max.bytes.per.second" => Kind::Long(1, I64, Unit::Count), Some(LONG_MAX);
        "remote.log.manager.copy.quota.window.num" => count(1, I32), Some("11");
        "remote.log.manager.copy.quota.window.size.seconds" => count(1, I32), Some("1");
        "remote.log.manager.expiration.thread.pool.size" => count(1, I32), Some("10");
        "remote.log.manager.fetch.max.bytes.per.second" => Kind::Long(1, I64, Unit::Count), Some(LONG_MAX);
        "remote.log.manager.fetch.quota.window.num" => count(1, I32), Some("11");
        "remote.log.manager.fetch.quota.window.size.seconds" => count(1, I32), Some("1");
        "remote.log.manager.follower.thread.pool.size" => count(1, I32), Some("2");
        "remote.log.manager.task.interval.ms" => long_millis(1), Some("30000");
        "remote.log.manager.task.retry.backoff.max.ms" => long_millis(1), Some("30000");
        "remote.log.manager.task.retry.backoff.ms" => long_millis(1), Some("500");
        "remote.log.manager.task.retry.jitter" => Kind::Double(0.0, 0.5), Some("0.2");
        "remote.log.manager.thread.pool.size" => count(1, I32), Some("2");
        "remote.log.metadata.custom.metadata.max.bytes" => bytes(0), Some("128");
        "remote.log.metadata.manager.class.name" => Kind::Text, Some("org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager");
        "remote.log.metadata.manager.class.path" => Kind::Text, None;
        "remote.log.metadata.manager.impl.prefix" => Kind::Text, Some("rlmm.config.");
        "remote.log.metadata.manager.listener.name" => Kind::Text, None;
        "remote.log.reader.max.pending.tasks" => count(1, I32), Some("100");
        "remote.log.reader.threads" => count(1, I32), Some("10");
        "remote.log.storage.manager.class.name" => Kind::Text, None;
        "remote.log.storage.manager.class.path" => Kind::Text, None;
        "remote.log.storage.manager.impl.prefix" => Kind::Text, Some("rsm.config.");
    }
    Accepted "The new group protocol (KIP-848) is not supported yet." {
        "group.consumer.assignment.interval.ms" => millis(0), Some("1000");
        "group.consumer.assignors" => Kind::List, Some("uniform,range");
        "group.consumer.heartbeat.interval.ms" => millis(1), Some("5000");
        "group.consumer.max.assignment.interval.ms" => millis(0), Some("15000");
        "group.consumer.max.heartbeat.interval.ms" => millis(1), Some("15000");
        "group.consumer.max.session.timeout.ms" => millis(1), Some("60000");
        "group.consumer.max.size" => count(1, I32), Some("2147483647");
        "group.consumer.migration.policy" => Kind::Text, Some("bidirectional");
        "group.consumer.min.assignment.interval.ms" => millis(0), Some("0");
        "group.consumer.min.heartbeat.interval.ms" => millis(1), Some("5000");
        "group.consumer.min.session.timeout.ms" => millis(1), Some("45000");
        "group.consumer.regex.refresh.interval.ms" => millis(10_000), Some("600000");
        "group.consumer.session.timeout.ms" => millis(1), Some("45000");
    }
    Accepted "Each core coordinates its own groups, and appends their records at once." {
        "group.coordinator.append.linger.ms" => millis(-1), Some("-1");
        "group.coordinator.background.threads" => count(1, I32), Some("2");
        "group.coordinator.cached.buffer.max.bytes" => bytes(524_288), Some("1048588");
        "group.coordinator.threads" => count(1, I32), Some("4");
    }
    Accepted "Only the classic group protocol is supported." {
        "group.coordinator.rebalance.protocols" => Kind::Choices(&["classic", "consumer", "share", "streams"]), Some("classic");
    }
    Accepted "Share groups are not supported yet." {
        "group.share.assignment.interval.ms" => millis(0), Some("1000");
        "group.share.assignors" => Kind::List, Some("simple");
        "group.share.delivery.count.limit" => count(2, 10), Some("5");
        "group.share.heartbeat.interval.ms" => millis(1), Some("5000");
        "group.share.initialize.retry.interval.ms" => millis(1), Some("30000");
        "group.share.max.assignment.interval.ms" => millis(0), Some("15000");
        "group.share.max.delivery.count.limit" => count(5, 25), Some("10");
        "group.share.max.heartbeat.interval.ms" => millis(1), Some("15000");
        "group.share.max.partition.max.record.locks" => count(2000, 10_000), Some("4000");
        "group.share.max.record.lock.duration.ms" => Kind::Int(30_000, 3_600_000, Unit::Millis), Some("60000");
        "group.share.max.session.timeout.ms" => millis(1), Some("60000");
        "group.share.max.share.sessions" => count(1, I32), Some("2000");
        "group.share.max.size" => count(1, 1000), Some("200");
        "group.share.min.assignment.interval.ms" => millis(0), Some("0");
        "group.share.min.delivery.count.limit" => count(2, 5), Some("2");
        "group.share.min.heartbeat.interval.ms" => millis(1), Some("5000");
        "group.share.min.partition.max.record.locks" => count(100, 2000), Some("100");
        "group.share.min.record.lock.duration.ms" => Kind::Int(1000, 30_000, Unit::Millis), Some("15000");
        "group.share.min.session.timeout.ms" => millis(1), Some("45000");
        "group.share.partition.max.record.locks" => count(100, 10_000), Some("2000");
        "group.share.persister.class.name" => Kind::Text, Some("org.apache.kafka.server.share.persister.DefaultStatePersister");
        "group.share.record.lock.duration.ms" => Kind::Int(1000, 3_600_000, Unit::Millis), Some("30000");
        "group.share.session.timeout.ms" => millis(1), Some("45000");
        "share.coordinator.append.linger.ms" => millis(-1), Some("-1");
        "share.coordinator.cached.buffer.max.bytes" => bytes(524_288), Some("1048588");
        "share.coordinator.cold.partition.snapshot.interval.ms" => millis(1), Some("300000");
        "share.coordinator.load.buffer.size" => bytes(1), Some("5242880");
        "share.coordinator.snapshot.update.records.per.snapshot" => count(0, 500), Some("500");
        "share.coordinator.state.topic.compression.codec" => count(I32_MIN, I32), Some("0");
        "share.coordinator.state.topic.min.isr" => Kind::Short(1, I16), Some("2");
        "share.coordinator.state.topic.num.partitions" => count(1, I32), Some("50");
        "share.coordinator.state.topic.prune.interval.ms" => millis(1), Some("300000");
        "share.coordinator.state.topic.replication.factor" => Kind::Short(1, I16), Some("3");
        "share.coordinator.state.topic.segment.bytes" => bytes(1), Some("104857600");
        "share.coordinator.threads" => count(1, I32), Some("1");
        "share.coordinator.write.timeout.ms" => millis(1), Some("5000");
        "share.fetch.purgatory.purge.interval.requests" => count(I32_MIN, I32), Some("1000");
    }
    Accepted "Streams groups are not supported yet." {
        "group.streams.assignment.interval.ms" => millis(0), Some("1000");
        "group.streams.heartbeat.interval.ms" => millis(1), Some("5000");
        "group.streams.initial.rebalance.delay.ms" => millis(0), Some("3000");
        "group.streams.max.assignment.interval.ms" => millis(0), Some("15000");
        "group.streams.max.heartbeat.interval.ms" => millis(1), Some("15000");
        "group.streams.max.session.timeout.ms" => millis(1), Some("60000");
        "group.streams.max.size" => count(1, I32), Some("2147483647");
        "group.streams.max.standby.replicas" => count(0, I32), Some("2");
        "group.streams.min.assignment.interval.ms" => millis(0), Some("0");
        "group.streams.min.heartbeat.interval.ms" => millis(1), Some("5000");
        "group.streams.min.session.timeout.ms" => millis(1), Some("45000");
        "group.streams.num.standby.replicas" => count(0, I32), Some("0");
        "group.streams.session.timeout.ms" => millis(1), Some("45000");
    }
    Accepted "Brokers do not talk to each other yet." {
        "inter.broker.listener.name" => Kind::Text, None;
        "security.inter.broker.protocol" => Kind::Choice(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), Some("PLAINTEXT");
    }
    Accepted "Metrics reporters are not supported yet: see creel.admin.listener." {
        "kafka.metrics.polling.interval.secs" => count(1, I32), Some("10");
        "kafka.metrics.reporters" => Kind::List, Some("");
        "metric.reporters" => Kind::List, Some("org.apache.kafka.common.metrics.JmxReporter");
        "metrics.num.samples" => count(1, I32), Some("2");
        "metrics.recording.level" => Kind::Text, Some("INFO");
        "metrics.sample.window.ms" => long_millis(1), Some("30000");
        "telemetry.max.bytes" => bytes(1), Some("1048576");
    }
    Accepted "Compaction is not supported yet: compacted topics keep every record." {
        "log.cleaner.backoff.ms" => long_millis(0), Some("15000");
        "log.cleaner.dedupe.buffer.size" => long_bytes(I64_MIN), Some("134217728");
        "log.cleaner.delete.retention.ms" => long_millis(0), Some("86400000");
        "log.cleaner.enable" => Kind::Boolean, Some("true");
        "log.cleaner.io.buffer.load.factor" => Kind::Double(f64::MIN, f64::MAX), Some("0.9");
        "log.cleaner.io.buffer.size" => bytes(0), Some("524288");
        "log.cleaner.io.max.bytes.per.second" => Kind::Double(f64::MIN, f64::MAX), Some("1.7976931348623157E308");
        "log.cleaner.max.compaction.lag.ms" => long_millis(1), Some(LONG_MAX);
        "log.cleaner.min.cleanable.ratio" => Kind::Double(0.0, 1.0), Some("0.5");
        "log.cleaner.min.compaction.lag.ms" => long_millis(0), Some("0");
        "log.cleaner.threads" => count(0, I32), Some("1");
    }
    Accepted "There is one data directory." {
        "log.dir.failure.timeout.ms" => long_millis(1), Some("30000");
        "num.replica.alter.log.dirs.threads" => count(I32_MIN, I32), None;
    }
    Accepted "Checkpoints are written every 60 seconds, or at log.retention.check.interval.ms if that is shorter." {
        "log.flush.offset.checkpoint.interval.ms" => millis(0), Some("60000");
        "log.flush.start.offset.checkpoint.interval.ms" => millis(0), Some("60000");
    }
    Accepted "Retention first runs one interval after the start." {
        "log.initial.task.delay.ms" => long_millis(0), Some("30000");
    }
    Accepted "The rate of new connections is not limited." {
        "max.connection.creation.rate" => count(0, I32), Some("2147483647");
    }
    Accepted "Connections are not limited per address." {
        "max.connections.per.ip" => count(0, I32), Some("2147483647");
        "max.connections.per.ip.overrides" => Kind::Text, Some("");
    }
    Accepted "A page of DescribeTopicPartitions holds 2000 partitions." {
        "max.request.partition.size.limit" => count(1, I32), Some("2000");
    }
    Accepted "Each core has one thread for everything: see creel.cores." {
        "num.io.threads" => count(1, I32), Some("8");
        "num.network.threads" => count(1, I32), Some("3");
    }
    Accepted "A commit of offsets waits for its flush, without a timeout." {
        "offsets.commit.timeout.ms" => millis(1), Some("5000");
    }
    Accepted "Offsets are read in pieces of 1 MiB." {
        "offsets.load.buffer.size" => bytes(1), Some("5242880");
    }
    Accepted "Offsets are stored uncompressed." {
        "offsets.topic.compression.codec" => count(I32_MIN, I32), Some("0");
    }
    Accepted "There is one broker." {
        "offsets.topic.replication.factor" => Kind::Short(1, I16), Some("1");
    }
    Accepted "The process is always broker and controller." {
        "process.roles" => Kind::Choices(&["broker", "controller"]), Some("broker,controller");
    }
    Accepted "Expired producers are removed when retention is checked: see log.retention.check.interval.ms." {
        "producer.id.expiration.check.interval.ms" => millis(1), Some("600000");
    }
    Accepted "The queue of requests is bounded for each connection: see queued.max.requests." {
    }
    Accepted "The broker sends no requests to other brokers." {
        "request.timeout.ms" => millis(I32_MIN), Some("30000");
        "socket.connection.setup.timeout.max.ms" => long_millis(I64_MIN), Some("30000");
        "socket.connection.setup.timeout.ms" => long_millis(I64_MIN), Some("10000");
    }
    Accepted "The backlog is as long as the kernel allows (net.core.somaxconn)." {
        "socket.listen.backlog.size" => count(1, I32), Some("50");
    }
    Accepted "The kernel sizes the socket buffers." {
        "socket.receive.buffer.bytes" => bytes(I32_MIN), Some("102400");
        "socket.send.buffer.bytes" => bytes(I32_MIN), Some("102400");
    }
    Accepted "TLS is not supported yet." {
        "ssl.allow.dn.changes" => Kind::Boolean, Some("false");
        "ssl.allow.san.changes" => Kind::Boolean, Some("false");
        "ssl.cipher.suites" => Kind::List, Some("");
        "ssl.enabled.protocols" => Kind::List, Some("TLSv1.2,TLSv1.3");
        "ssl.endpoint.identification.algorithm" => Kind::Text, Some("https");
        "ssl.keymanager.algorithm" => Kind::Text, Some("SunX509");
        "ssl.protocol" => Kind::Text, Some("TLSv1.3");
        "ssl.provider" => Kind::Text, None;
        "ssl.secure.random.implementation" => Kind::Text, None;
        "ssl.trustmanager.algorithm" => Kind::Text, Some("PKIX");
    }
    Accepted "Only released versions of APIs are supported." {
        "unstable.api.versions.enable" => Kind::Boolean, Some("false");
    }
    Accepted "A quarter of the descriptors (ulimit -n) is kept for files: one for each partition that is appended to, and one for each read of older segments." {
        "creel.files.max" => count(64, I32), Some("65536");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde::Deserialize;

    use super::super::{
        args::Args,
        key::{ALIASES, Effect, INTERNAL},
        keys::BROKER_KEYS,
        load::Config,
        names,
        value::Value,
    };

    /// A setting as Kafka 4.3.1's own table has it.
    #[derive(Deserialize)]
    struct Kafkas {
        name: String,
        r#type: String,
        default: Option<String>,
        internal: bool,
    }

    fn kafkas() -> Vec<Kafkas> {
        let text = include_str!("../../../clients/data/kafka-4.3.1-broker-settings.json");
        serde_json::from_str(text).unwrap()
    }

    /// Defaults of our own, each with Kafka's (`null` also where Kafka demands a value).
    const OTHER_DEFAULTS: &[(&str, Option<&str>)] = &[
        // A broker that stands alone.
        ("node.id", None),
        ("process.roles", None),
        ("listeners", Some("PLAINTEXT://:9092")),
        ("log.dirs", None),
        // There is one broker.
        ("offsets.topic.replication.factor", Some("3")),
        ("transaction.state.log.min.isr", Some("2")),
        ("transaction.state.log.replication.factor", Some("3")),
        // What is not served is not said to be on.
        ("group.coordinator.rebalance.protocols", Some("classic,consumer,streams")),
    ];

    #[test]
    fn every_setting_of_kafkas_broker_is_known_with_its_type_and_default() {
        let ours: BTreeMap<_, _> = BROKER_KEYS.iter().map(|key| (key.name, key)).collect();
        let other: BTreeMap<_, _> = OTHER_DEFAULTS.iter().copied().collect();
        let kafkas = kafkas();
        assert_eq!(kafkas.len(), 360);
        for theirs in &kafkas {
            assert!(names::meaning(&theirs.name).is_some(), "{} is not known", theirs.name);
            if ALIASES.iter().any(|(alias, _)| *alias == theirs.name) {
                continue;
            }
            let Some(key) = ours.get(&*theirs.name) else { panic!("{} is not in the table", theirs.name) };
            assert_eq!(key.kind.type_name(), theirs.r#type, "{}", key.name);
            assert_eq!(key.is_internal(), theirs.internal, "{}", key.name);
            let default = key.default_value().as_ref().map(Value::to_string);
            match other.get(key.name) {
                Some(default_of_kafka) => {
                    assert_ne!(default, theirs.default, "{} differs no more", key.name);
                    assert_eq!(theirs.default.as_deref(), *default_of_kafka, "{}", key.name);
                }
                None => assert_eq!(default, theirs.default, "{}", key.name),
            }
        }
    }

    #[test]
    fn what_kafka_does_not_have_is_named_as_ours() {
        let theirs: BTreeSet<String> = kafkas().into_iter().map(|one| one.name).collect();
        // Written into `meta.properties` by Kafka's storage tool, and given here.
        let extra = |name: &str| name.starts_with("creel.") || name == "cluster.id";
        for key in BROKER_KEYS.iter().filter(|key| !theirs.contains(key.name)) {
            assert!(extra(key.name), "{}", key.name);
        }
        assert!(INTERNAL.iter().all(|name| theirs.contains(*name)));
    }

    /// A file with all that is Kafka's own, as tools write them, is a configuration, and says of each setting without an
    /// effect that it has none.
    #[test]
    fn kafkas_defaults_written_out_start_a_broker() {
        let kafkas = kafkas();
        let lines = kafkas.iter().filter_map(|one| Some(format!("{}={}\n", one.name, one.default.as_ref()?)));
        let args = Args { config: Some("server.properties".into()), ..Args::default() };
        let config = Config::from_sources(&args, [], Some(&lines.collect::<String>())).unwrap();
        let notices = config.settings.notices();
        for theirs in kafkas.iter().filter(|one| one.default.is_some()) {
            let key = BROKER_KEYS.iter().find(|key| key.name == theirs.name);
            let expected = usize::from(key.is_some_and(|key| key.effect != Effect::Works));
            let said = notices.iter().filter(|notice| notice.contains(&format!(": {} = ", theirs.name)));
            assert_eq!(said.count(), expected, "{}", theirs.name);
        }
    }
}
