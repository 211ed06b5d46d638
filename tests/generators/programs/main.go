// openapi-generator go.
package main

import (
	"context"
	"fmt"
	made "made"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	version, mark := "2026-09-01", os.Getenv("MARK")
	configuration := made.NewConfiguration()
	configuration.Servers = made.ServerConfigurations{{URL: os.Getenv("API")}}
	api := made.NewAPIClient(configuration).ContactsAPI
	ctx := context.WithValue(context.Background(), made.ContextAccessToken, os.Getenv("TOKEN"))

	create := made.NewContactCreate("Ada")
	create.SetJobTitle(mark)
	created, _, err := api.ContactsCreate(ctx).Version(version).ContactCreate(*create).Execute()
	check(err)
	condition := made.NewContactTextCondition("job_title", "eq")
	condition.SetValue(mark)
	group := made.NewContactAnyGroup([]made.ContactFilter{made.ContactTextConditionAsContactFilter(condition)})
	search := made.NewContactSearch()
	search.SetFilters([]made.ContactFilter{made.ContactAnyGroupAsContactFilter(group)})
	found, _, err := api.ContactsSearch(ctx).Version(version).ContactSearch(*search).Execute()
	check(err)
	id := found.Data[0].Id
	read, _, err := api.ContactsGet(ctx, id).Version(version).Execute()
	check(err)
	update := made.NewContactUpdate()
	update.SetJobTitle("Analyst")
	changed, _, err := api.ContactsUpdate(ctx, id).Version(version).ContactUpdate(*update).Execute()
	check(err)
	fmt.Println(created.Data.Id, id, read.Data.Id, changed.Data.GetJobTitle())
}
