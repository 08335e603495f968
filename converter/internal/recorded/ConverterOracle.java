import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.confluent.connect.avro.AvroConverter;
import io.confluent.kafka.schemaregistry.ParsedSchema;
import io.confluent.kafka.schemaregistry.SchemaProvider;
import io.confluent.kafka.schemaregistry.avro.AvroSchemaProvider;
import io.confluent.kafka.schemaregistry.client.MockSchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import io.confluent.kafka.schemaregistry.json.JsonSchemaProvider;
import io.confluent.kafka.schemaregistry.protobuf.ProtobufSchemaProvider;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

/** Reads a line of JSON for each conversion, and answers it with what the converter of the class makes of it. */
public class ConverterOracle {
  static final ObjectMapper JSON = new ObjectMapper();
  static final JsonConverter DATA = new JsonConverter();

  public static void main(String[] args) throws Exception {
    DATA.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), false);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line; (line = in.readLine()) != null; ) {
      ObjectNode answer = JSON.createObjectNode();
      try {
        answer(JSON.readTree(line), answer);
      } catch (Throwable t) {
        Throwable root = t;
        while (root.getCause() != null) root = root.getCause();
        answer.removeAll();
        answer.put("error", root.toString());
      }
      System.out.println(JSON.writeValueAsString(answer));
    }
  }

  static void answer(JsonNode c, ObjectNode answer) throws Exception {
    SchemaRegistryClient registry = new MockSchemaRegistryClient(
        List.<SchemaProvider>of(new AvroSchemaProvider(), new ProtobufSchemaProvider(), new JsonSchemaProvider()));
    Map<String, Object> config = new HashMap<>();
    if (c.has("config")) c.get("config").fields().forEachRemaining(e -> config.put(e.getKey(), e.getValue().asText()));
    Class<?> cls = Class.forName(c.get("class").asText());
    Object converter;
    RecordHeaders headers = new RecordHeaders();
    if (c.has("headers")) {
      c.get("headers").fields().forEachRemaining(e -> headers.add(e.getKey(), e.getValue().toString().getBytes(StandardCharsets.UTF_8)));
    }
    if (cls.getName().equals("io.debezium.converters.CloudEventsConverter")) {
      converter = cls.getConstructor(Converter.class).newInstance(avro(registry, config));
    } else if (cls.getName().startsWith("io.confluent.")) {
      config.putIfAbsent("schema.registry.url", "mock://x");
      converter = cls.getConstructor(SchemaRegistryClient.class).newInstance(registry);
    } else {
      converter = cls.getConstructor().newInstance();
    }
    String topic = c.path("topic").asText("t");
    boolean key = c.path("key").asBoolean();
    if (converter instanceof HeaderConverter && !(converter instanceof Converter)) {
      config.put("converter.type", "header");
      ((HeaderConverter) converter).configure(config);
    } else {
      ((Converter) converter).configure(config, key);
    }
    byte[] bytes;
    if (c.has("data")) {
      SchemaAndValue d = DATA.toConnectData(topic, JSON.writeValueAsBytes(c.get("data")));
      bytes = converter instanceof Converter
          ? ((Converter) converter).fromConnectData(topic, headers, d.schema(), d.value())
          : ((HeaderConverter) converter).fromConnectHeader(topic, "h", d.schema(), d.value());
      answer.put("bytes", bytes == null ? null : HexFormat.of().formatHex(bytes));
      ObjectNode schemas = JSON.createObjectNode();
      for (String subject : new TreeSet<>(registry.getAllSubjects())) {
        answer.put("subject", subject);
        answer.put("schema", registry.getLatestSchemaMetadata(subject).getSchema());
        schemas.put(subject, registry.getLatestSchemaMetadata(subject).getSchema());
      }
      if (schemas.size() > 1) answer.set("schemas", schemas);
      if (!c.path("back").asBoolean(true)) return;
    } else {
      bytes = HexFormat.of().parseHex(c.get("read").asText());
      if (c.has("schema")) {
        ParsedSchema schema = registry.parseSchema(c.path("type").asText("AVRO"), c.get("schema").asText(), List.of()).get();
        registry.register(topic + (key ? "-key" : "-value"), schema);
      }
    }
    try {
      SchemaAndValue back = converter instanceof Converter
          ? ((Converter) converter).toConnectData(topic, bytes)
          : ((HeaderConverter) converter).toConnectHeader(topic, "h", bytes);
      byte[] text = DATA.fromConnectData(topic, back.schema(), back.value());
      answer.set("back", text == null ? null : JSON.readTree(text));
    } catch (Throwable t) {
      if (!c.has("data")) throw t;
      Throwable root = t;
      while (root.getCause() != null) root = root.getCause();
      answer.put("backError", root.toString());
    }
  }

  /** Makes the converter that writes the Avro of CloudEvents, of the options behind "avro.". */
  static Converter avro(SchemaRegistryClient registry, Map<String, Object> config) {
    Map<String, Object> own = new HashMap<>();
    config.forEach((key, v) -> {
      if (key.startsWith("avro.")) own.put(key.substring("avro.".length()), v);
    });
    if (own.isEmpty()) return null;
    AvroConverter converter = new AvroConverter(registry);
    converter.configure(own, false);
    return converter;
  }
}
