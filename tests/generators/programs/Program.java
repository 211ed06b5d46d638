// openapi-generator java, library native.
import java.util.List;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.ContactsApi;
import org.openapitools.client.model.*;

public class Program {
    public static void main(String[] arguments) throws Exception {
        String version = "2026-09-01", mark = System.getenv("MARK");
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("API"));
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + System.getenv("TOKEN")));
        ContactsApi api = new ContactsApi(client);
        var made = api.contactsCreate(version, new ContactCreate().firstName("Ada").jobTitle(mark), null);
        var condition = new ContactTextCondition()
            .field(ContactTextCondition.FieldEnum.JOB_TITLE)
            .operator(ContactTextCondition.OperatorEnum.EQ)
            .value(mark);
        var group = new ContactAnyGroup().any(List.of(new ContactFilter(condition)));
        var found = api.contactsSearch(version, new ContactSearch().filters(List.of(new ContactFilter(group))));
        String id = found.getData().get(0).getId();
        var read = api.contactsGet(id, version, null);
        var changed = api.contactsUpdate(id, version, new ContactUpdate().jobTitle("Analyst"));
        System.out.println(made.getData().getId() + " " + id + " " + read.getData().getId() + " " + changed.getData().getJobTitle());
    }
}
