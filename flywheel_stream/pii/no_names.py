"""Words that are capitalised without being part of a name."""

# Capitalised without being a name: sentence starts, calendar, greetings, offices, peoples, places
STOP = frozenset(
    """A About According After Again Against Agent Ago Ahead All Almost Alone Along Already Also
    Although Always Am American Among An And Another Answer Any Anyone Anything April Are Around As
    Ask Assistant At Attn August Auto Aux Away Back Based Be Because Been Before Behind Being Below
    Best Better Between Big Birthday Black Blue Bonjour Book Both Bot British Build But Buy By Call
    Can Cc Change Chapter Check Cher Chère Chinese Christmas Ciao City Classic Clear Client Code
    Colleague Colleagues Come Compare Consider Contact Convert Could Country Create Customer Data
    Date Day De Dear Dec December Define Delete Deliver Der Describe Detective Did Die Dim Discuss
    Do Doctor Does Doing Don Done Down Dr During Dutch Each East Easter Edit Either Else Email End
    English Enter Error Est Estimado Et European Even Ever Every Everybody Everyone Everything
    Example Explain Extract Feb February Fig Figure File Final Find First Folks Follow For Force
    Form Former French Fri Friday Friend From Further General Generate German Get Give Given Go God
    Good Got Great Greek Green Group Guys Had Hallo Happy Has Have He Hello Help Her Here Herr Hey
    Hi Him Hiring His Hola Home House How However Human I If Im Imagine In Indeed Indian Input
    Instead Inter Into Is It Italian Item Its Jan January Japanese Jul July Jun June Just Keep
    Key King Know La Las Last Late Le Least Les Less Let Liebe Lieber Like Line List Live Long Look
    Los Love Machine Madam Made Make Manager Many March Matter Maybe Me Meet Meanwhile Message
    Middle Model Modern Mon Monday More Most Mr Mrs Ms Miss Much Multiple Must My Name Need Neither
    Never New Next No Nobody None Nor North Not Note Nothing Nov November Now Number Oct October Of
    Off Office Often Oh Ok Okay Old On Once One Online Only Open Option Or Order Other Others Our
    Out Output Over Own Page Part Patient Pay People Perhaps Persian Person Pick Play Please Point
    Polish Portuguese Post Pour Pre President Prime Pro Prof Professor Provide Public Put Que
    Querida Querido Question Quick Quote Rather Read Real Red Regards Remember Reply Respond
    Response Result Return Review Rewrite Roman Royal Run Russian Said Same Sat Saturday
    Say Says School Search Second See Send Sent Sep Sept September Set Several Shall She Should Show
    Since Sincerely Sir Sirs Six Small So Some Someone Something Sometimes Soon South Spanish
    Speaker Special Start State Step Still Stop Story Street Subject Such Suggest Summarise
    Summarize Summary Sun Sunday Super Support Sure System Table Take Talk Team Tell Ten Test Text
    Than Thank Thanks That The Their Them Then There Therefore These They Thing Things Think Third
    This Those Though Three Through Thu Thursday Thus Time Title To Today Together Tomorrow Too Top
    Total Translate True Try Tue Tuesday Turkish Two Type Um Una Und Under Une United Unless Unlike
    Until Up Upon Us Use User Using Value Van Version Very Via Visit Von Want Was Watch We Wed
    Wednesday Week Well Were West What When Whenever Where Whether Which While White Who Whose Why
    Will Wish With Within Without Wo Word Work World Would Write Writing Year Yes Yesterday Yet You
    Your Yours Welcome Congratulations Dad Mom Mum Mother Father Uncle Aunt Grandma Grandpa Brother
    Sister Captain Judge Officer Senator Minister Queen Prince Princess Pope Lord Lady Coach Nurse
    AI API CEO CFO CTO USA US UK EU UN TV PC OK ID URL HTTP HTML CSS SQL JSON XML PDF Google Microsoft
    Apple Amazon Facebook Twitter Instagram YouTube Python Java JavaScript Linux Windows Android
    Docker Kubernetes Rust Ruby Opus Sonnet Haiku Claude Gemini ChatGPT Llama Mistral Internet
    London Paris Berlin Madrid Rome Tokyo Beijing Moscow America England Scotland Wales Ireland
    Britain Germany France Spain Italy Portugal Netherlands Belgium Switzerland Austria Poland Sweden
    Norway Denmark Finland Russia Ukraine Turkey Greece China Japan Korea India Pakistan Brazil
    Mexico Canada Australia Africa Asia Europe Egypt Israel Iran Iraq Nigeria Kenya California Texas
    Florida Washington Chicago Boston Netflix Wikipedia Christian Jewish Muslim Catholic Nobel""".split()
)
ORGANISATION = frozenset(
    """Inc Inc. LLC Ltd Ltd. PLC GmbH AG Corp Corp. Corporation Company Co Co. Group Bank University
    College School Hospital Foundation Institute Museum Airport Stadium Award Prize Theorem Method
    Algorithm Distribution Law Equation Effect Test River Lake Mountain County City Street Avenue
    Road Hotel Church Cathedral Bridge Island Islands Park Beach Act Center Centre Committee Cup Day
    Department Festival Football Games House Industries Library Motors Party Press Process Records
    Series Society Square State States Station Studios Tower Trust Union Valley Village War
    Way""".split()
)
ALSO_SURNAMES = frozenset(
    "Best Black Book Day Early English French German Good Green Judge Key King Lord Love Page Pope Price "
    "Prince Read Small Story Street White Major Long Little West North Wise Rice Cook Bell Hill".split()
)
"""Words to stop at, unless a given name stands before them."""
SAINTS = frozenset("San Santa Santo São Saint Sainte St St. Fort Port Mount Lake Los Las".split())
"""Before a given name they make a place of it."""
