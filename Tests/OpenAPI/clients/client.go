// Uses openapi-generator's Go client: `client <base URL> <e-mail address> <another address>`, the code on standard
// input. Prints its results, one `name: value` a line.

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	latchkey "github.com/GIT_USER_ID/GIT_REPO_ID"
)

func show(name string, value interface{}) { fmt.Printf("%s: %v\n", name, value) }

func need(err error) {
	if err != nil {
		var refusal *latchkey.GenericOpenAPIError
		if errors.As(err, &refusal) {
			fmt.Println(string(refusal.Body()))
		}
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func or(text *string) string {
	if text == nil {
		return "null"
	}
	return *text
}

func main() {
	configuration := latchkey.NewConfiguration()
	configuration.Servers = latchkey.ServerConfigurations{{URL: os.Args[1]}}
	client := latchkey.NewAPIClient(configuration)
	open := context.Background()
	email, other := os.Args[2], os.Args[3]

	sent, _, err := client.AuthenticationAPI.SendCode(open).SendCode(*latchkey.NewSendCode(email)).Execute()
	need(err)
	var refusal *latchkey.GenericOpenAPIError
	show("sent", sent.Data.ExpiresIn)
	_, _, err = client.AuthenticationAPI.VerifyCode(open).VerifyCode(*latchkey.NewVerifyCode(email, "1")).Execute()
	if !errors.As(err, &refusal) {
		need(errors.New("a wrong code was accepted"))
	}
	show("wrong code", refusal.Model().(latchkey.CodeRefusedFailure).Error.Code)
	code, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	grant, _, err := client.AuthenticationAPI.VerifyCode(open).VerifyCode(*latchkey.NewVerifyCode(email, strings.TrimSpace(code))).Execute()
	need(err)
	show("token", grant.Data.TokenType)

	signedIn := context.WithValue(open, latchkey.ContextAccessToken, grant.Data.AccessToken)
	me, _, err := client.UsersAPI.CurrentUser(signedIn).Execute()
	need(err)
	show("me", me.Data.Email+" "+or(me.Data.FullName.Get()))
	project := me.Data.Projects[0].Id
	_, _, err = client.APIKeysAPI.ListApiKeys(signedIn).XProjectId("nonsense").Execute()
	if !errors.As(err, &refusal) {
		need(errors.New("an invalid id was accepted"))
	}
	invalid := refusal.Model().(latchkey.ValidationFailure)
	show("fault", fmt.Sprint(invalid.Error.Code, " ", invalid.Detail[0].Loc))

	update := latchkey.NewUpdateUser()
	update.SetFullName("Ada")
	_, _, err = client.UsersAPI.UpdateUser(signedIn).UpdateUser(*update).Execute()
	need(err)
	me, _, err = client.UsersAPI.CurrentUser(signedIn).Execute()
	need(err)
	show("name", or(me.Data.FullName.Get()))

	create := latchkey.NewCreateApiKey("test")
	create.SetScopes([]string{"api-keys:read"})
	made, _, err := client.APIKeysAPI.CreateApiKey(signedIn).XProjectId(project).CreateApiKey(*create).Execute()
	need(err)
	show("key", made.Data.FullKey[:3])
	list, _, err := client.APIKeysAPI.ListApiKeys(signedIn).XProjectId(project).Execute()
	need(err)
	key := list.Data.Items[0]
	show("listed", fmt.Sprint(key.Id == made.Data.Id, " ", or(key.FullKey.Get()), " ", key.Scopes, " ", key.ExpiresAt.Get() == nil))
	gone, _, err := client.APIKeysAPI.DeleteApiKey(signedIn, key.Id).XProjectId(project).Execute()
	need(err)
	show("deleted", gone.Data.IsActive)

	invite := latchkey.NewAddMember(other)
	invite.SetRole(latchkey.ADMIN)
	_, _, err = client.ProjectsAPI.AddMember(signedIn, project).AddMember(*invite).Execute()
	need(err)
	shown, _, err := client.ProjectsAPI.GetProject(signedIn, project).Execute()
	need(err)
	for _, member := range shown.Data.Members {
		show("member", fmt.Sprint(member.Role, " ", member.UserId.Get() != nil, " ", member.InvitationId.Get() != nil))
	}
}
