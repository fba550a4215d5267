import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.json.JSONObject;
import software.amazon.awssdk.core.util.VersionInfo;

/** A driver program for the AWS SDK for Java: see openProgram() in harness/program.ts. */
public class Main {
    interface Verb {
        /** The arguments are those of all verbs; each uses some of them. What it returns becomes JSON. */
        Object run(JSONObject args) throws Exception;
    }

    public static void main(String[] arguments) throws IOException {
        if (arguments.length > 0) {
            System.out.println(VersionInfo.SDK_VERSION);
            return;
        }
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (var client = new Verbs()) {
            var verbs = client.all();
            out.println(new JSONObject(Map.of("verbs", verbs.keySet())));
            for (var line = in.readLine(); line != null; line = in.readLine()) {
                out.println(answer(verbs, new JSONObject(line)));
            }
        }
    }

    private static JSONObject answer(Map<String, Verb> verbs, JSONObject request) {
        try {
            var value = verbs.get(request.getString("verb")).run(request.getJSONObject("args"));
            return new JSONObject().put("ok", value == null ? JSONObject.NULL : value);
        } catch (Exception error) {
            return new JSONObject().put("error", error.toString());
        }
    }
}
